"""Faults 2, 3 and 8 by enumeration: the process ends at every point around an answer that proves it did not leave."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.faults.behaviours import UNSENT, Kind
from tests.faults.lives import from_the_first_dispatch_on, wrongs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", UNSENT, ids=lambda kind: kind.name)
def test_a_process_that_dies_around_a_refusal_leaves_a_true_ledger(campaigns: list[Campaign], kind: Kind) -> None:
    assert list(wrongs(campaigns, kind, envios=(1, 1), wanted=from_the_first_dispatch_on)) == []
