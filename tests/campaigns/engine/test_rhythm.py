"""A tick never idles while a line will be free within its minute: it waits for what is busy, resting, or not open yet."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest

from campaigns.engine.tick import run_tick
from campaigns.engine.timing import LOOK_AGAIN
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Envio, Lane, ScheduleWindow, Tick
from leadmaster.lib import stopping
from tests.faults.harness import World
from tests.faults.world import Behaviour, VirtualIoPool
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    world = World()
    world.next_minute()
    return world


class MeanwhilePool(VirtualIoPool):
    """While this tick waits, something else happens once, at `at`."""

    def __init__(self, world: World, at: dt.datetime, then: Callable[[], object]) -> None:
        super().__init__(world.clock, world.provider)
        self._world, self._at, self._then, self._happened = world, at, then, False

    def collect(self, timeout: float) -> list[tuple[object, object]]:
        found = super().collect(timeout)
        if not self._happened and self._world.now >= self._at:
            self._happened = True
            self._then()
        return found


def hold_lane(session: WhatsAppSession, now: dt.datetime) -> Lane:
    """Another tick has the session's only lane in the air."""
    lease = now + dt.timedelta(minutes=5)
    return Lane.objects.create(session=session, slot=0, busy=True, token=uuid.uuid4(), lease_until=lease)


def release(lane: Lane, *, next_due: dt.datetime) -> None:
    Lane.objects.filter(pk=lane.pk).update(busy=False, token=None, lease_until=None, next_due=next_due)


def lateness(world: World, due: dt.datetime) -> dt.timedelta:
    [delivery] = world.provider.ledger
    return delivery.at - due


def test_a_tick_that_begins_while_every_lane_is_busy_waits_for_them(world: World) -> None:
    session = world.campaign(envios=1).session
    lane, free_at = hold_lane(session, world.now), world.now + 20 * SECOND
    io = MeanwhilePool(world, free_at, lambda: release(lane, next_due=free_at))

    report = run_tick(clock=world.clock, io=io, open_gateway=world.provider.open)

    assert report.outcomes == {EnvioState.SENT: 1}
    assert lateness(world, free_at) <= LOOK_AGAIN


def test_it_keeps_to_the_pause_of_a_lane_that_fell_free_meanwhile(world: World) -> None:
    session = world.campaign(envios=1).session
    lane, free_at = hold_lane(session, world.now), world.now + 20 * SECOND
    io = MeanwhilePool(world, free_at, lambda: release(lane, next_due=free_at + 15 * SECOND))

    run_tick(clock=world.clock, io=io, open_gateway=world.provider.open)

    assert lateness(world, free_at + 15 * SECOND) == dt.timedelta(0)


def test_it_waits_no_longer_than_it_may_claim(world: World) -> None:
    session, began = world.campaign(envios=1).session, world.now
    hold_lane(session, world.now)

    report = world.tick()

    assert report.claimed == 0
    assert dt.timedelta(seconds=75) <= world.now - began <= dt.timedelta(seconds=76)


def test_a_message_that_rests_goes_out_when_its_rest_is_over(world: World) -> None:
    campaign = world.campaign(envios=1)
    due = world.now + dt.timedelta(seconds=33)
    Envio.objects.filter(campaign=campaign).update(next_due=due)

    world.tick()

    assert lateness(world, due) == dt.timedelta(0)


def test_a_message_that_rests_beyond_the_tick_is_left_to_a_later_one(world: World) -> None:
    campaign, began = world.campaign(envios=1), world.now
    Envio.objects.filter(campaign=campaign).update(next_due=began + dt.timedelta(minutes=3))

    report = world.tick()

    assert report.claimed == 0
    assert world.now == began


def test_a_window_that_opens_within_the_minute_is_used_from_its_first_second(world: World) -> None:
    campaign = world.campaign(envios=1)
    opens = world.now + dt.timedelta(seconds=40)
    local = opens.astimezone(campaign.session.tz).time()
    ScheduleWindow.objects.update(opens=local, closes=dt.time(0, 0))

    world.tick()

    assert lateness(world, opens) == dt.timedelta(0)


def test_a_session_that_the_gateway_slowed_down_goes_on_when_its_time_is_over(world: World) -> None:
    session = world.campaign(envios=1).session
    until = world.now + dt.timedelta(seconds=25)
    WhatsAppSession.objects.filter(pk=session.pk).update(blocked_until=until)

    world.tick()

    assert lateness(world, until) == dt.timedelta(0)


def test_a_later_tick_that_has_ended_takes_nothing_over(world: World) -> None:
    world.campaign(envios=8, delay=9)
    later = world.now + dt.timedelta(minutes=1)
    io = MeanwhilePool(
        world, later, lambda: Tick.objects.create(minute=later, worker="otro", started_at=later, finished_at=later)
    )

    run_tick(clock=world.clock, io=io, open_gateway=world.provider.open)

    assert len(world.provider.ledger) == 8


def test_with_nothing_to_wait_for_a_tick_ends_at_once(world: World) -> None:
    campaign, began = world.campaign(envios=1), world.now
    world.tick()
    assert world.now - began == 2 * SECOND  # the message, and the pause of its lane
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED


# --- Ending ----------------------------------------------------------------------------------------------------------


def test_a_campaign_that_is_done_is_finished_while_another_goes_on_through_its_line(world: World) -> None:
    done = world.campaign(envios=1)
    world.campaign(envios=20, delay=5, session=done.session)
    seen: list[str] = []

    def look() -> None:
        done.refresh_from_db()
        seen.append(done.state)

    io = MeanwhilePool(world, world.now + 40 * SECOND, look)
    run_tick(clock=world.clock, io=io, open_gateway=world.provider.open)

    assert seen == [CampaignState.FINISHED]


def test_a_tick_that_waits_ends_at_once_when_the_cluster_is_asked_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, began = world.campaign(envios=2, delay=60), world.now
    asked: list[bool] = []
    monkeypatch.setattr(stopping, "is_armed", lambda: True)
    monkeypatch.setattr(stopping, "requested", lambda: bool(asked))
    io = MeanwhilePool(world, began + 10 * SECOND, lambda: asked.append(True))

    report = run_tick(clock=world.clock, io=io, open_gateway=world.provider.open)

    assert report.outcomes == {EnvioState.SENT: 1}
    assert world.now - began <= 12 * SECOND
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


def test_what_is_in_the_air_lands_and_what_is_not_yet_is_given_back_uncounted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying = world.campaign(envios=1)
    asked: list[bool] = []
    monkeypatch.setattr(stopping, "requested", lambda: bool(asked))
    world.provider.behave = lambda _message: Behaviour(seconds=30, then=lambda _delivery: asked.append(True))
    waits = world.campaign(envios=1)

    report = world.tick()

    assert report.outcomes == {EnvioState.SENT: 1, "withdrawn": 1}
    assert set(Envio.objects.values_list("state", "attempts")) == {(EnvioState.SENT, 1), (EnvioState.PENDING, 0)}
    assert {flying.pk, waits.pk} == set(Envio.objects.values_list("campaign_id", flat=True))
