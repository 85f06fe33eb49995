"""Faults 1–7 by enumeration: the process ends at every point of a tick, whatever the gateway does.

Every point is tried at which something became true: a COMMIT, a write of its own, a submission, an answer. Afterwards a
healthy world comes to rest, and the ledger judges.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from campaigns.models import Campaign
from tests.faults.behaviours import KINDS, OK, Kind
from tests.faults.harness import Crash, Crashes, World, start_over

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaigns() -> list[Campaign]:
    """Two sessions that send one message after the other; the envíos come and go with each play."""
    world = World()
    return [world.campaign(max_attempts=3), world.campaign(max_attempts=3)]


def play(campaigns: list[Campaign], kind: Kind, crashes: Crashes, *, envios: tuple[int, int]) -> World:
    """One tick against this gateway that dies at the given point, then a healthy world until it rests."""
    start_over()
    world = World()
    for campaign, count in zip(campaigns, envios, strict=True):
        world.fill(campaign, count)
    world.provider.behave = kind
    world.crashes = crashes
    with contextlib.suppress(Crash), crashes.armed():
        world.tick()
    world.provider.behave = OK
    world.restart()
    world.come_to_rest()
    return world


def wrongs(
    campaigns: list[Campaign], kind: Kind, *, envios: tuple[int, int], wanted: Callable[[int, list[str]], bool]
) -> Iterator[str]:
    """What the checker finds after dying at each wanted point."""
    counting = Crashes()
    play(campaigns, kind, counting, envios=envios)
    assert len(counting.names) > 50
    for at, name in enumerate(counting.names):
        if wanted(at, counting.names):
            world = play(campaigns, kind, Crashes(at=at), envios=envios)
            yield from (f"{at} {name}: {finding}" for finding in world.findings(gap=1.0))


def test_a_process_that_dies_anywhere_leaves_a_true_ledger(campaigns: list[Campaign]) -> None:
    assert list(wrongs(campaigns, OK, envios=(2, 1), wanted=_a_turning_point)) == []


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.name)
def test_a_process_that_dies_around_a_gateway_fault_leaves_a_true_ledger(campaigns: list[Campaign], kind: Kind) -> None:
    assert list(wrongs(campaigns, kind, envios=(1, 1), wanted=_from_the_first_dispatch_on)) == []


def _a_turning_point(at: int, names: list[str]) -> bool:
    """Where something became true. To die before a SELECT is to die after what came before it."""
    return any(word in names[at] for word in ("COMMIT", "after", "submit", "collect"))


def _from_the_first_dispatch_on(at: int, names: list[str]) -> bool:
    """Before it, the gateway's behaviour plays no part and the other test has been there."""
    first = next(i for i, name in enumerate(names) if "dispatched_at" in name)
    return at >= first - 1 and _a_turning_point(at, names)
