"""Faults 1–7 by enumeration: the process ends at every point of a tick, whatever the gateway does.

Every point is tried at which something became true: a COMMIT, a write of its own, a submission, an answer. Afterwards a
healthy world comes to rest, and the ledger judges.
"""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.faults.behaviours import KINDS, OK, Kind
from tests.faults.harness import World
from tests.faults.lives import a_turning_point, from_the_first_dispatch_on, wrongs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaigns() -> list[Campaign]:
    """Two sessions that send one message after the other; the envíos come and go with each play."""
    world = World()
    return [world.campaign(max_attempts=3), world.campaign(max_attempts=3)]


def test_a_process_that_dies_anywhere_leaves_a_true_ledger(campaigns: list[Campaign]) -> None:
    assert list(wrongs(campaigns, OK, envios=(2, 1), wanted=a_turning_point)) == []


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.name)
def test_a_process_that_dies_around_a_gateway_fault_leaves_a_true_ledger(campaigns: list[Campaign], kind: Kind) -> None:
    assert list(wrongs(campaigns, kind, envios=(1, 1), wanted=from_the_first_dispatch_on)) == []
