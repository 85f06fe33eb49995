"""Faults 1–4 by enumeration: the process ends at every point of a tick.

Every point is tried at which something became true: a COMMIT, a write of its own, a submission, an answer. Afterwards a
healthy world comes to rest, and the ledger judges. What gateways add to it is beside this file, in files of their own,
so that several processes can share the work.
"""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.faults.behaviours import IN_DOUBT, KINDS, OK, UNSENT
from tests.faults.lives import a_turning_point, wrongs

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_process_that_dies_anywhere_leaves_a_true_ledger(campaigns: list[Campaign]) -> None:
    assert list(wrongs(campaigns, OK, envios=(2, 1), wanted=a_turning_point)) == []


def test_every_answer_of_a_gateway_meets_every_point() -> None:
    assert {OK, *IN_DOUBT, *UNSENT} == set(KINDS)
