"""One minute of sending, on a virtual clock."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from campaigns import tasks
from campaigns.engine.plan import ensure_days, make_plan
from campaigns.engine.tick import IDLE, TickReport, run_tick
from campaigns.engine.timing import PLAN_SECONDS
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState, ScheduleState, WhyNot
from campaigns.models import Attempt, Campaign, Envio, Lane, Schedule, ScheduleDay, ScheduleWindow, SessionDay, Tick
from leadmaster.ops.models import Heartbeat
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory
from tests.faults.world import START, Provider, VirtualClock, VirtualIoPool

pytestmark = pytest.mark.django_db(transaction=True)


class Minute:
    """A clock, a provider and the tick between them."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.provider = Provider(self.clock)

    def tick(self) -> TickReport:
        return run_tick(
            clock=self.clock,
            io=VirtualIoPool(self.clock, self.provider),
            open_gateway=self.provider.open,
            rng=random.Random(7),
        )


@pytest.fixture
def minute() -> Minute:
    return Minute()


def running(*, envios: int, delay: int = 1, **fields: object) -> Campaign:
    campaign = CampaignFactory(state=CampaignState.RUNNING, delay_min=delay, delay_max=delay, typing=False, **fields)
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED)
    EnvioFactory.create_batch(envios, campaign=campaign, next_due=START - dt.timedelta(hours=1))
    return campaign


def test_sends_what_is_due_and_writes_the_whole_story(minute: Minute) -> None:
    campaign = running(envios=3)

    report = minute.tick()

    assert report.outcomes == {EnvioState.SENT: 3}
    for envio in Envio.objects.filter(campaign=campaign):
        [delivery] = minute.provider.delivered(envio.client_message_id)
        assert (envio.state, envio.message_id, envio.attempts) == (EnvioState.SENT, delivery.message_id, 1)
        assert envio.lane is None
        assert envio.token is None
        attempt = Attempt.objects.get(envio=envio)
        assert (attempt.outcome, attempt.message_id) == (AttemptOutcome.SENT, delivery.message_id)
    assert SessionDay.objects.get().used == 3
    assert not Lane.objects.filter(busy=True).exists()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.FINISHED


def test_the_second_run_of_a_minute_leaves_at_once(minute: Minute) -> None:
    running(envios=1, delay=200)
    first = minute.tick()
    minute.clock.time = START + dt.timedelta(seconds=30)

    second = minute.tick()

    assert (first.ran, second.ran) == (True, False)


def test_messages_of_one_lane_keep_the_pacing(minute: Minute) -> None:
    running(envios=3, delay=10)

    minute.tick()

    times = [delivery.at for delivery in minute.provider.ledger]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert gaps == [11.0, 11.0]  # one second on the wire and ten of rest


def test_a_tick_with_nothing_to_do_asks_three_questions_whatever_the_journal_holds(
    minute: Minute, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    running(envios=2)
    minute.tick()
    minute.clock.time += dt.timedelta(minutes=5)

    with django_assert_num_queries(3):
        report = minute.tick()

    assert report == IDLE
    tick = Tick.objects.latest("id")
    assert (tick.started_at, tick.finished_at) == (minute.clock.time, minute.clock.time)
    assert tick.report == IDLE.as_json()
    assert Heartbeat.objects.get(name="tick").at == minute.clock.time


def test_the_clusters_task_with_nothing_to_do_asks_four_questions_and_the_time() -> None:
    tasks.tick()
    Tick.objects.all().delete()

    with CaptureQueriesContext(connection) as captured:
        assert tasks.tick() == "claimed 0"

    the_time = [query for query in captured.captured_queries if query["sql"] == "SELECT UTC_TIMESTAMP(6)"]
    assert len(captured) - len(the_time) == 4
    assert len(the_time) == (connection.vendor == "mysql")


def test_a_tick_claims_past_its_minute_while_no_other_begins(minute: Minute) -> None:
    running(envios=30, delay=10)

    minute.tick()

    seconds = [(delivery.at - START).total_seconds() for delivery in minute.provider.ledger]
    assert seconds == [11.0 * n for n in range(7)]


def test_what_falls_due_after_the_next_tick_began_is_left_to_it(minute: Minute) -> None:
    running(envios=40, delay=2)
    later = START + dt.timedelta(minutes=1)

    def next_tick_begins() -> None:
        if minute.clock.now() >= later:
            Tick.objects.get_or_create(minute=later, defaults={"worker": "otro", "started_at": later})

    minute.provider.asked = next_tick_begins

    minute.tick()

    assert minute.provider.ledger[-1].at - later in (dt.timedelta(seconds=n) for n in range(PLAN_SECONDS + 1))


def test_a_minute_written_while_the_clock_was_wrong_takes_nothing_over(minute: Minute) -> None:
    running(envios=8, delay=10)
    Tick.objects.create(minute=START + dt.timedelta(days=1), worker="otro", started_at=START)

    minute.tick()

    assert len(minute.provider.ledger) == 7


def test_the_first_tick_of_a_day_makes_the_counters_of_all_lines_in_one_statement_each() -> None:
    sessions = {running(envios=1).session_id for _ in range(4)}
    plan = make_plan(START)

    with CaptureQueriesContext(connection) as captured:
        ensure_days(plan)

    assert sum(query["sql"].startswith("INSERT") for query in captured.captured_queries) == 2
    assert set(SessionDay.objects.values_list("session_id", flat=True)) == sessions
    [charged] = {bool(slot.session_day_id and slot.schedule_day_id) for slots in plan.slots.values() for slot in slots}
    assert charged


def test_a_plan_asks_no_counter_while_no_window_is_open(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    campaigns = [running(envios=1, keeps_off_holidays=False) for _ in range(3)]
    ScheduleWindow.objects.update(opens=dt.time(8), closes=dt.time(20))
    night = START.replace(hour=6)  # three in the morning in Córdoba

    with django_assert_num_queries(3):
        by_night = make_plan(night)
    with django_assert_num_queries(5):
        by_day = make_plan(START)

    assert {standing.reason for standing in by_night.standings.values()} == {WhyNot.WINDOW}
    assert set(by_day.slots) == {campaign.session_id for campaign in campaigns}


def test_a_window_over_midnight_sends_on_and_each_message_counts_for_its_own_day(minute: Minute) -> None:
    campaign = running(envios=10, delay=8)
    Schedule.objects.update(weekdays="5")  # Saturday, and on into Sunday
    ScheduleWindow.objects.update(opens=dt.time(22), closes=dt.time(2))
    cordoba = campaign.session.tz
    minute.clock.time = dt.datetime(2026, 2, 7, 23, 59, 20, tzinfo=cordoba).astimezone(dt.UTC)

    minute.tick()

    sent = Counter(at.astimezone(cordoba).day for at in Attempt.objects.values_list("dispatched_at", flat=True) if at)
    assert set(sent) == {7, 8}
    assert {row.day.day: row.used for row in SessionDay.objects.all()} == sent
    assert {row.day.day: row.used for row in ScheduleDay.objects.all()} == sent


def test_after_the_night_it_waits_for_the_next_one_that_begins(minute: Minute) -> None:
    campaign = running(envios=1)
    Schedule.objects.update(weekdays="5")
    ScheduleWindow.objects.update(opens=dt.time(22), closes=dt.time(2))
    cordoba = campaign.session.tz

    standing = make_plan(dt.datetime(2026, 2, 8, 2, 0, tzinfo=cordoba)).standings[campaign.pk]

    assert standing.reason == WhyNot.WINDOW
    assert standing.until == dt.datetime(2026, 2, 14, 22, 0, tzinfo=cordoba)
