"""Faults 22 and 32: clocks that jump, days that end, and a cluster that was away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import zoneinfo
from collections import Counter
from typing import Any

import pytest
from django.conf import settings

from campaigns.engine.timing import CLAIM_SECONDS
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, ScheduleDay, SessionDay, Tick
from leadmaster.lib.clock import business_day, local_datetime
from tests.faults.behaviours import BY_NAME
from tests.faults.harness import World

pytestmark = pytest.mark.django_db(transaction=True)

# Clocks there go from 23:59:59 back to 23:00:00 on the evening of 4 April 2026, and skip 0:00–1:00 on 6 September.
SANTIAGO = "America/Santiago"


def gaps(world: World) -> list[float]:
    times = sorted(line.at for line in world.provider.ledger)
    return [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]


@pytest.mark.parametrize("jump", [dt.timedelta(hours=1), dt.timedelta(hours=-1)], ids=["forward", "back"])
def test_fault_22_the_databases_clock_jumps_between_ticks(jump: dt.timedelta) -> None:
    world = World()
    world.campaign(envios=12, delay=20)
    world.run_minutes(2)
    sent_before = len(world.provider.ledger)
    assert sent_before

    world.clock.time += jump
    world.run_minutes(90)

    assert world.states() == {EnvioState.SENT: 12}
    assert world.findings() == []
    # By the clock that jumped, nobody was sooner than the pause allows.
    assert min(abs(gap) for gap in gaps(world)) >= 20.0


@pytest.mark.parametrize("jump", [dt.timedelta(hours=1), dt.timedelta(hours=-1)], ids=["forward", "back"])
def test_fault_22_the_clock_jumps_while_a_message_is_on_the_wire(jump: dt.timedelta) -> None:
    world = World()
    world.campaign(envios=3, delay=20)
    real = world.provider.behave

    def jumps(message: object) -> object:
        world.provider.behave = real
        world.clock.time += jump
        return real(message)  # type: ignore[arg-type]

    world.provider.behave = jumps  # type: ignore[assignment]

    world.run_minutes(1)
    world.run_minutes(90)

    assert len(world.provider.ledger) == 3
    assert set(world.states()) <= {EnvioState.SENT, EnvioState.UNCERTAIN}
    assert world.findings() == []


def test_fault_22_midnight_begins_a_new_day_of_every_limit() -> None:
    tz = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
    world = World(start=dt.datetime(2026, 2, 7, 23, 50, tzinfo=tz).astimezone(dt.UTC))
    world.campaign(envios=40, delay=10, daily_cap=7, session__daily_limit=9)
    second = world.campaign(envios=40, delay=10, daily_cap=7)
    Campaign.objects.update(session_id=second.session_id)
    second.session.envios.update(session_id=second.session_id)

    world.run_minutes(20)

    days = Counter(business_day(line.at, tz) for line in world.provider.ledger)
    assert set(days) == {dt.date(2026, 2, 7), dt.date(2026, 2, 8)}
    for used in SessionDay.objects.all():
        assert used.used == days[used.day]
    assert world.findings(gap=10.0) == []


@pytest.mark.parametrize("limit", [{"session__daily_limit": 3}, {"daily_cap": 3}], ids=["session", "schedule"])
def test_a_day_ends_at_its_limit_in_the_middle_of_one_claim(limit: dict[str, Any]) -> None:
    world = World()
    world.campaign(envios=10, session__lane_count=8, **limit)

    world.tick()

    assert world.states() == {EnvioState.SENT: 3, EnvioState.PENDING: 7}
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.SENT}
    assert world.findings() == []


@pytest.mark.parametrize(
    ("evening", "hours"),
    [(dt.date(2026, 4, 4), 49), (dt.date(2026, 9, 5), 47)],
    ids=["an hour twice", "an hour that does not exist"],
)
def test_fault_22_each_day_has_one_limit_however_long_it_is(evening: dt.date, hours: int) -> None:
    tz = zoneinfo.ZoneInfo(SANTIAGO)
    start = dt.datetime.combine(evening, dt.time(21, 30), tzinfo=tz).astimezone(dt.UTC)
    world = World(start=start)
    world.campaign(envios=60, delay=10, daily_cap=8, session__daily_limit=8, session__time_zone=SANTIAGO)

    world.run_minutes(60 * 4)

    days = Counter(business_day(line.at, tz) for line in world.provider.ledger)
    assert days == {evening: 8, evening + dt.timedelta(days=1): 8}
    assert SessionDay.objects.count() == 2
    assert ScheduleDay.objects.count() == 2
    assert world.findings(gap=10.0) == []
    assert _length(evening, tz) + _length(evening + dt.timedelta(days=1), tz) == dt.timedelta(hours=hours)


def _length(day: dt.date, tz: zoneinfo.ZoneInfo) -> dt.timedelta:
    return local_datetime(day + dt.timedelta(days=1), dt.time(0), tz) - local_datetime(day, dt.time(0), tz)


def test_fault_22_a_refund_after_midnight_finds_the_day_that_was_charged() -> None:
    tz = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
    world = World(start=dt.datetime(2026, 2, 7, 23, 59, 50, tzinfo=tz).astimezone(dt.UTC))
    world.campaign(envios=1)
    refused = dataclasses.replace(BY_NAME["refused number"](), seconds=20.0)
    world.provider.behave = lambda _message: refused

    world.tick()

    assert business_day(world.now, tz) == dt.date(2026, 2, 8)
    assert Attempt.objects.values_list("session_day__day", flat=True).get() == dt.date(2026, 2, 7)
    assert set(SessionDay.objects.values_list("used", flat=True)) == {0}
    assert world.findings() == []


def test_fault_32_two_hours_without_a_cluster_make_one_tick_and_no_burst() -> None:
    world = World()
    world.campaign(envios=200, delay=10, session__daily_limit=500, daily_cap=500)
    world.run_minutes(3)
    before = len(world.provider.ledger)
    world.clock.time += dt.timedelta(hours=2)

    world.run_minutes(1)

    assert Tick.objects.count() == 4
    # What one tick has room for at this pace: a second on the wire and ten of rest.
    assert len(world.provider.ledger) - before <= CLAIM_SECONDS // 11 + 1
    world.run_minutes(5)
    assert world.findings(gap=10.0) == []
    assert settings.Q_CLUSTER["catch_up"] is False
    assert not Attempt.objects.filter(counted=False).exists()
