"""Faults 3–7 by enumeration: the process ends at every point around an answer that leaves open whether it arrived."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.faults.behaviours import IN_DOUBT, Kind
from tests.faults.lives import from_the_first_dispatch_on, wrongs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", IN_DOUBT, ids=lambda kind: kind.name)
def test_a_process_that_dies_around_a_doubt_leaves_a_true_ledger(campaigns: list[Campaign], kind: Kind) -> None:
    assert list(wrongs(campaigns, kind, envios=(1, 1), wanted=from_the_first_dispatch_on)) == []
