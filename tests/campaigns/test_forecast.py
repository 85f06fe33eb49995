"""The forecast keeps every limit, promises nothing twice, and says it in a sentence."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.forecast import forecast
from campaigns.models import Campaign
from campaigns.projection import Job, Line, Slot, project
from campaigns.windows import Rule
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    ScheduleDayFactory,
    ScheduleFactory,
    SenderSwitchFactory,
    SessionDayFactory,
)
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.gateways.base import SessionState
from whatsapp.models import WhatsAppSession

TZ = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
# A Monday, 10:00 in Córdoba.
NOW = dt.datetime(2026, 3, 2, 13, 0, tzinfo=dt.UTC)
MONDAY = dt.date(2026, 3, 2)
WORKING_HOURS = [(dt.time(9), dt.time(18))]


def running(*, pending: int, limit: int = 180, cap: int = 1000, session: WhatsAppSession | None = None) -> Campaign:
    session = session or WhatsAppSessionFactory.create(daily_limit=limit, time_zone=TZ.key)
    campaign: Campaign = CampaignFactory.create(state=CampaignState.RUNNING, session=session, team=session.team)
    ScheduleFactory.create(campaign=campaign, state=ScheduleState.APPROVED, daily_cap=cap, windows=WORKING_HOURS)
    EnvioFactory.create_batch(pending, campaign=campaign)
    return campaign


# --- what it says -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_says_today_tomorrow_and_the_day_it_ends() -> None:
    campaign = running(pending=45, limit=20)
    SessionDayFactory.create(session=campaign.session, day=MONDAY, used=10)

    seen = forecast(campaign, NOW)

    assert seen.sentence == "10 hoy, 20 mañana, termina el miércoles"
    assert [(day.day, count) for day, count in seen.days] == [(2, 10), (3, 20), (4, 15)]
    assert seen.finishes_on == dt.date(2026, 3, 4)
    assert seen.remaining == 45


@pytest.mark.django_db
def test_counts_what_the_schedule_already_used_today() -> None:
    campaign = running(pending=12, cap=10)
    ScheduleDayFactory.create(schedule=campaign.schedules.get(), day=MONDAY, used=8)

    assert forecast(campaign, NOW).sentence == "2 hoy, 10 mañana, termina mañana"


@pytest.mark.django_db
def test_an_older_running_campaign_of_the_session_goes_first() -> None:
    older = running(pending=15, limit=10)
    newer = running(pending=5, session=older.session)

    assert [count for _day, count in forecast(older, NOW).days] == [10, 5]
    assert forecast(newer, NOW).days == ((dt.date(2026, 3, 3), 5),)
    assert "1 campaña sale antes" in forecast(newer, NOW).limits


@pytest.mark.django_db
def test_campaigns_of_other_sessions_take_nothing_away() -> None:
    running(pending=15, limit=10)

    assert forecast(running(pending=5, limit=10), NOW).sentence == "5 hoy, termina hoy"


@pytest.mark.django_db
def test_a_draft_is_forecast_with_the_schedules_that_wait_with_it() -> None:
    draft = CampaignFactory.create(session__time_zone=TZ.key)
    ScheduleFactory.create(campaign=draft, windows=WORKING_HOURS)
    ScheduleFactory.create(campaign=draft, state=ScheduleState.REJECTED, weekdays="6")
    EnvioFactory.create_batch(3, campaign=draft)

    seen = forecast(draft, NOW)

    assert seen.sentence == "3 hoy, termina hoy"
    assert "Cuenta como si" in seen.limits


@pytest.mark.django_db
def test_a_schedule_that_waits_for_approval_sends_nothing_of_a_running_campaign() -> None:
    campaign = running(pending=3)
    campaign.schedules.update(state=ScheduleState.PENDING)

    seen = forecast(campaign, NOW)

    assert seen.days == ()
    assert seen.finishes_on is None
    assert "no sale ningún mensaje" in seen.sentence


@pytest.mark.django_db
def test_says_how_many_the_schedules_leave_behind() -> None:
    campaign = running(pending=25, limit=10)
    campaign.schedules.update(ends_on=dt.date(2026, 3, 3))

    seen = forecast(campaign, NOW)

    assert seen.sentence == "10 hoy, 10 mañana, y 5 no alcanzan a salir: amplía las programaciones"
    assert seen.finishes_on is None


@pytest.mark.django_db
def test_only_what_is_pending_is_left_to_do() -> None:
    campaign = running(pending=0)
    EnvioFactory.create(campaign=campaign, state=EnvioState.SENT)
    EnvioFactory.create(campaign=campaign, state=EnvioState.UNCERTAIN)

    assert forecast(campaign, NOW).sentence == "No queda ningún mensaje por enviar."


@pytest.mark.django_db
def test_a_cancelled_campaign_promises_nothing() -> None:
    campaign = running(pending=3)
    campaign.state = CampaignState.CANCELLED

    assert forecast(campaign, NOW).days == ()


@pytest.mark.django_db
@pytest.mark.parametrize("ahead", [1, 3])
def test_costs_the_same_whatever_stands_before(ahead: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = running(pending=1)
    for _ in range(ahead - 1):
        running(pending=1, session=first.session)
    last = running(pending=2, session=first.session)
    last = Campaign.objects.select_related("session").get(pk=last.pk)

    with django_assert_num_queries(12):
        forecast(last, NOW)


@pytest.mark.django_db
def test_a_line_that_does_not_send_is_no_promise() -> None:
    campaign = running(pending=45, limit=20)
    WhatsAppSession.objects.update(state=SessionState.DISCONNECTED)
    campaign = Campaign.objects.get(pk=campaign.pk)

    seen = forecast(campaign, NOW)

    assert seen.held.startswith(f"La línea “{campaign.session.name}” no envía ahora")
    assert seen.sentence == f"{seen.held} 20 hoy, 20 mañana, termina el miércoles"


@pytest.mark.django_db
def test_a_switched_off_sender_is_no_promise() -> None:
    campaign = running(pending=5)
    SenderSwitchFactory.create(on=False)

    assert forecast(campaign, NOW).held.startswith("El envío está apagado")


@pytest.mark.django_db
def test_a_schedule_that_waits_for_approval_is_named_as_the_reason() -> None:
    campaign = running(pending=5)
    campaign.schedules.update(state=ScheduleState.PENDING, decided_by=None, decided_at=None)

    assert "espera la aprobación" in forecast(campaign, NOW).sentence


# --- the arithmetic -----------------------------------------------------------------------------------------------


def slot_of(*windows: tuple[dt.time, dt.time], cap: int = 500, used_today: int = 0, weekdays: str = "0123456") -> Slot:
    rule = Rule(weekdays=weekdays, starts_on=dt.date(2020, 1, 1), ends_on=None, windows=windows)
    return Slot(rule=rule, cap=cap, used_today=used_today)


times = st.integers(min_value=0, max_value=23).map(dt.time)


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[dt.time, dt.time], ...]:
    """Some touch, and the last may go on after midnight, up to where the first one opens."""
    hours = sorted(draw(st.sets(st.integers(0, 23), max_size=4)))
    pairs = list(zip(hours[::2], hours[1::2], strict=False))
    if len(hours) > 2 and draw(st.booleans()):
        pairs = [*zip(hours[1::2], hours[2::2], strict=False), (hours[-1], hours[0])]
    return tuple((dt.time(opens), dt.time(closes)) for opens, closes in pairs)


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    return slot_of(
        *draw(windows()),
        cap=draw(st.integers(1, 60)),
        used_today=draw(st.integers(0, 70)),
        weekdays="".join(sorted(draw(st.sets(st.sampled_from("0123456"))))),
    )


jobs = st.builds(
    Job,
    remaining=st.integers(0, 300),
    seconds=st.floats(1, 7200),
    slots=st.lists(slots(), max_size=3).map(tuple),
)
lines = st.builds(
    Line, limit=st.integers(0, 80), used_today=st.integers(0, 90), lanes=st.integers(1, 5), tz=st.just(TZ)
)
moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=dt.UTC))  # noqa: DTZ001


@given(queue=st.lists(jobs, min_size=1, max_size=3), line=lines, now=moments)
def test_no_day_exceeds_any_limit_and_nothing_is_promised_twice(queue: list[Job], line: Line, now: dt.datetime) -> None:
    today = now.astimezone(TZ).date()
    every = [dict(project(queue[: place + 1], line=line, now=now, horizon=40)) for place in range(len(queue))]

    for job, days in zip(queue, every, strict=True):
        assert sum(days.values()) <= job.remaining
        for day, count in days.items():
            open_slots = [slot for slot in job.slots if is_ever_open(slot, day)]
            used = {id(slot): slot.used_today if day == today else 0 for slot in open_slots}
            assert 0 < count <= sum(max(0, slot.cap - used[id(slot)]) for slot in open_slots)
    for day in {day for days in every for day in days}:
        # A job ahead that ended early is projected no further, but then it takes nothing either.
        together = sum(days.get(day, 0) for days in every)
        assert together <= max(0, line.limit - (line.used_today if day == today else 0))


@given(job=jobs, line=lines, more=st.integers(1, 50), now=moments)
def test_a_higher_limit_never_ends_later(job: Job, line: Line, more: int, now: dt.datetime) -> None:
    higher = Line(limit=line.limit + more, used_today=line.used_today, lanes=line.lanes, tz=TZ)
    low = dict(project([job], line=line, now=now, horizon=40))
    high = dict(project([job], line=higher, now=now, horizon=40))

    reached_low = reached_high = 0
    for ahead in range(40):
        day = now.astimezone(TZ).date() + dt.timedelta(days=ahead)
        reached_low += low.get(day, 0)
        reached_high += high.get(day, 0)
        assert reached_high >= reached_low


def shows_open(slot: Slot, day: dt.date, clock: dt.time) -> bool:
    """As somebody with the schedule in hand and an eye on the clock would say."""
    today, yesterday = (str((day - dt.timedelta(days=back)).weekday()) in slot.rule.weekdays for back in (0, 1))
    return any(
        (today and opens <= clock < closes)
        if opens < closes
        else (today and clock >= opens) or (yesterday and clock < closes)
        for opens, closes in slot.rule.windows
    )


def goes_over_midnight(slot: Slot) -> bool:
    return any(dt.time(0) < closes <= opens for opens, closes in slot.rule.windows)


def is_ever_open(slot: Slot, day: dt.date) -> bool:
    return any(shows_open(slot, day, dt.time(hour)) for hour in range(24))


def minute_by_minute(job: Job, *, line: Line, now: dt.datetime, days: int) -> dict[dt.date, int]:
    """The same by brute force: lanes that fall due, one second after another, until the days are over."""
    counts: dict[dt.date, int] = {}
    due = [now] * line.lanes
    left = job.remaining
    at, today = now, now.astimezone(TZ).date()
    while left and (at.astimezone(TZ).date() - today).days < days:
        local = at.astimezone(TZ)
        day, clock = local.date(), local.time()
        allowance = line.limit - (line.used_today if day == today else 0) - counts.get(day, 0)
        (slot,) = job.slots
        room = slot.cap - (slot.used_today if day == today else 0) - counts.get(day, 0)
        is_open = shows_open(slot, day, clock)
        for lane, free_from in enumerate(due):
            if is_open and free_from <= at and left and allowance > 0 and room > 0:
                counts[day] = counts.get(day, 0) + 1
                left, allowance, room = left - 1, allowance - 1, room - 1
                due[lane] = at + dt.timedelta(seconds=job.seconds)
        at += dt.timedelta(minutes=1)
    return counts


@given(
    remaining=st.integers(0, 120),
    minutes=st.integers(1, 50),
    slot=slots(),
    line=lines,
    start=st.integers(0, 7 * 24 * 60),
)
def test_agrees_with_lanes_that_fall_due_one_by_one(
    remaining: int, minutes: int, slot: Slot, line: Line, start: int
) -> None:
    now = NOW + dt.timedelta(minutes=start)
    job = Job(remaining=remaining, seconds=minutes * 60.0, slots=(slot,))

    told = dict(project([job], line=line, now=now, horizon=5))
    brute = minute_by_minute(job, line=line, now=now, days=5)

    if not goes_over_midnight(slot):
        assert told == brute
        return
    # Each midnight finds the lanes free here, and there with a message of yesterday's on the way.
    for nights in range(5):
        until = now.astimezone(TZ).date() + dt.timedelta(days=nights)
        ahead = sum(told[day] for day in told if day <= until) - sum(brute[day] for day in brute if day <= until)
        assert 0 <= ahead <= nights * line.lanes


def test_what_is_left_of_todays_window_bounds_today() -> None:
    job = Job(remaining=1000, seconds=60, slots=(slot_of((dt.time(9), dt.time(11))),))
    line = Line(limit=500, lanes=2, tz=TZ)

    assert project([job], line=line, now=NOW, horizon=2) == [(MONDAY, 120), (dt.date(2026, 3, 3), 240)]


def test_time_that_an_earlier_campaign_uses_is_gone() -> None:
    slot = slot_of((dt.time(10), dt.time(11)))
    first, second = Job(remaining=40, seconds=60, slots=(slot,)), Job(remaining=40, seconds=60, slots=(slot,))

    days = project([first, second], line=Line(limit=500, lanes=1, tz=TZ), now=NOW, horizon=3)

    assert days == [(MONDAY, 20), (dt.date(2026, 3, 3), 20)]


def test_a_window_that_closes_at_midnight_lasts_to_the_end_of_the_day() -> None:
    job = Job(remaining=100, seconds=60, slots=(slot_of((dt.time(23), dt.time(0))),))

    assert project([job], line=Line(limit=500, lanes=1, tz=TZ), now=NOW, horizon=1) == [(MONDAY, 60)]


def test_the_night_that_lacks_an_hour_sends_less() -> None:
    # Santiago turned its clocks from 0:00 to 1:00 on 2025-09-07.
    santiago = zoneinfo.ZoneInfo("America/Santiago")
    night = dt.datetime(2025, 9, 7, 3, 30, tzinfo=dt.UTC)
    job = Job(remaining=500, seconds=60, slots=(slot_of((dt.time(0), dt.time(3))),))

    days = dict(project([job], line=Line(limit=500, lanes=1, tz=santiago), now=night, horizon=3))

    assert days[dt.date(2025, 9, 7)] == 120
    assert days[dt.date(2025, 9, 8)] == 180


def test_a_window_over_midnight_is_charged_to_the_day_in_which_each_part_lies() -> None:
    job = Job(remaining=500, seconds=60, slots=(slot_of((dt.time(22), dt.time(2)), weekdays="0"),))

    days = project([job], line=Line(limit=500, lanes=1, tz=TZ), now=NOW, horizon=3)

    assert days == [(MONDAY, 120), (dt.date(2026, 3, 3), 120)]


def test_each_day_of_a_window_over_midnight_has_its_own_cap() -> None:
    job = Job(remaining=500, seconds=60, slots=(slot_of((dt.time(22), dt.time(2)), cap=50, weekdays="0"),))

    days = project([job], line=Line(limit=70, lanes=1, tz=TZ), now=NOW, horizon=3)

    assert days == [(MONDAY, 50), (dt.date(2026, 3, 3), 50)]


def test_without_windows_the_horizon_ends_it() -> None:
    job = Job(remaining=5, seconds=60, slots=(slot_of(cap=5),))

    assert project([job], line=Line(limit=5, lanes=1, tz=TZ), now=NOW, horizon=366) == []
