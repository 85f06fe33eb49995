"""One life of the sender after the other: a tick that ends somewhere, a healthy world afterwards, and the judge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from django_q.exceptions import TimeoutException

from campaigns.models import Campaign
from tests.faults.behaviours import OK
from tests.faults.harness import Crash, Crashes, World, start_over
from tests.faults.world import Behaviour
from whatsapp.gateways.base import OutboundMessage


def play(
    campaigns: Sequence[Campaign],
    kind: Callable[[OutboundMessage], Behaviour],
    crashes: Crashes,
    *,
    envios: Sequence[int],
    dies: bool = True,
    make: Callable[[], World] = World,
) -> World:
    """One tick against this gateway that ends at the given point, then a healthy world until it rests."""
    start_over()
    world = make()
    for campaign, count in zip(campaigns, envios, strict=True):
        world.fill(campaign, count)
    world.provider.behave = kind
    world.crashes = crashes
    with contextlib.suppress(Crash, TimeoutException), crashes.armed():
        world.tick()
    world.provider.behave = OK
    world.crashes = None
    if dies:
        world.restart()
    world.come_to_rest()
    return world


def wrongs(
    campaigns: Sequence[Campaign],
    kind: Callable[[OutboundMessage], Behaviour],
    *,
    envios: Sequence[int],
    wanted: Callable[[int, list[str]], bool],
    error: type[BaseException] = Crash,
    make: Callable[[], World] = World,
) -> Iterator[str]:
    """What the checker finds after ending at each wanted point. After anything but a crash the process goes on."""
    dies = error is Crash
    counting = Crashes()
    play(campaigns, kind, counting, envios=envios, dies=dies, make=make)
    assert len(counting.names) > 50
    for at, name in enumerate(counting.names):
        if wanted(at, counting.names):
            world = play(campaigns, kind, Crashes(at=at, error=error()), envios=envios, dies=dies, make=make)
            yield from (f"{at} {name}: {finding}" for finding in world.findings(gap=1.0))


def a_turning_point(at: int, names: list[str]) -> bool:
    """Where something became true. To die before a SELECT is to die after what came before it."""
    return any(word in names[at] for word in ("COMMIT", "after", "submit", "collect"))


def from_the_first_dispatch_on(at: int, names: list[str]) -> bool:
    """Before it, the gateway's behaviour plays no part and the other test has been there."""
    first = next(i for i, name in enumerate(names) if "dispatched_at" in name)
    return at >= first - 1 and a_turning_point(at, names)
