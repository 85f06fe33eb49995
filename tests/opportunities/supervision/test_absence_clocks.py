"""Clocks around an absence: stopped at its first instant, and by it alone."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.calendars.models import OpeningWindow
from opportunities.enums import AbsencePolicy
from opportunities.errors import Unavailable, WrongState
from opportunities.funnel import moves
from opportunities.models import Absence, Opportunity
from opportunities.supervision import absences, decisions
from opportunities.timers import absence_clocks, expiry, extension, recalculation
from tests.factories.opportunities import Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)


def test_clocks_stop_with_the_absences_first_instant_however_late_the_cron_comes(
    people: People, funnel: Funnel
) -> None:
    recalculation.change_stage(funnel.new, timer_minutes=12 * 60, by=people.boss, now=NOW)
    row = one_of(people.owner)
    moves.note(row.pk, by=people.owner.user, text="Hola", now=NOW)
    tomorrow = NOW.date() + dt.timedelta(days=1)
    absences.announce(
        people.owner, starts_on=tomorrow, ends_on=tomorrow, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    # Ten hours into the absence: three were left at midnight.
    late = dt.datetime(2026, 3, 5, 10, 0, tzinfo=dt.UTC)
    absence_clocks.begin_and_end(late)
    assert expiry.expire_timers(late).expired == 0
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (None, 3 * 3600)
    with pytest.raises(Unavailable):
        ask(people.owner, 1, now=late)
    absence_clocks.begin_and_end(dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC))
    row.refresh_from_db()
    assert (row.deadline, row.paused_seconds) == (dt.datetime(2026, 3, 6, 3, 0, tzinfo=dt.UTC), None)
    assert findings() == []


def test_a_stopped_clock_does_not_follow_its_row_to_another_promoter(people: People) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW
    )
    absence_clocks.begin_and_end(NOW)
    moved = decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (NOW + dt.timedelta(minutes=60), None)
    absences.call_off(absence, by=people.boss, now=NOW)
    with pytest.raises(WrongState):
        absences.call_off(absence, by=people.boss, now=NOW)
    assert findings() == []


def test_work_that_moves_on_while_its_owner_is_away_waits_with_all_its_time(people: People, funnel: Funnel) -> None:
    row = one_of(people.owner)
    today = NOW.date()
    absences.announce(people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW)
    absence_clocks.begin_and_end(NOW)
    row.refresh_from_db()
    moved = moves.move(row.pk, funnel.contacted, by=people.boss, version=row.version, now=NOW)
    assert (moved.deadline, moved.paused_seconds) == (None, 120 * 60)
    assert expiry.expire_timers(NOW + dt.timedelta(hours=8)).expired == 0
    assert findings() == []


def test_nobodys_work_is_given_away_for_an_absence_that_is_over(people: People) -> None:
    one_of(people.owner)
    today = NOW.date()
    absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.REDISTRIBUTE, by=people.boss, now=NOW
    )
    absence_clocks.begin_and_end(NOW + dt.timedelta(days=1))
    assert Opportunity.objects.get().owner == people.owner


# --- What has passed stays passed -------------------------------------------------------------------------------------

HOUR = dt.timedelta(hours=1)


def away(people: People, *, now: dt.datetime) -> Absence:
    today = NOW.date()
    absence = absences.announce(
        people.owner, starts_on=today, ends_on=today, policy=AbsencePolicy.PAUSE, by=people.boss, now=now
    )
    absence_clocks.begin_and_end(now)
    return absence


def clock(row: Opportunity) -> tuple[dt.datetime | None, int | None]:
    row.refresh_from_db()
    return row.deadline, row.paused_seconds


def test_an_absence_announced_during_its_first_day_gives_nothing_back(people: People) -> None:
    row = one_of(people.owner)
    later = NOW + 40 * MINUTE

    absence = away(people, now=later)

    assert clock(row) == (None, 20 * 60)
    # By mistake, and called off a minute later: nobody has won or lost anything but that minute.
    absences.call_off(absence, by=people.boss, now=later + MINUTE)
    assert clock(row) == (NOW + 61 * MINUTE, None)
    assert findings() == []


def test_each_further_absence_counts_from_when_the_clock_went_on(people: People) -> None:
    row = one_of(people.owner)
    first = away(people, now=NOW + 10 * MINUTE)
    absences.call_off(first, by=people.boss, now=NOW + 20 * MINUTE)
    second = away(people, now=NOW + 30 * MINUTE)

    assert clock(row) == (None, 40 * 60)
    absences.call_off(second, by=people.boss, now=NOW + 40 * MINUTE)
    assert clock(row) == (NOW + 80 * MINUTE, None)
    assert findings() == []


def tomorrow_away(people: People) -> None:
    day = NOW.date() + dt.timedelta(days=1)
    absences.announce(people.owner, starts_on=day, ends_on=day, policy=AbsencePolicy.PAUSE, by=people.boss, now=NOW)


MIDNIGHT = dt.datetime(2026, 3, 5, tzinfo=dt.UTC)


def test_a_late_cron_stops_a_clock_that_was_extended_from_its_extension_on(people: People) -> None:
    row = one_of(people.owner)
    tomorrow_away(people)
    # Its time ends an hour into the absence, and while the cron is down its owner takes the extension.
    Opportunity.objects.filter(pk=row.pk).update(deadline=MIDNIGHT + HOUR)
    extension.extend(row.pk, by=people.boss, version=row.version, now=MIDNIGHT + HOUR / 2)

    absence_clocks.begin_and_end(MIDNIGHT + HOUR)

    assert clock(row) == (None, 3_600)
    assert findings() == []


def test_a_timer_that_is_switched_on_counts_from_then(people: People, funnel: Funnel) -> None:
    recalculation.change_stage(funnel.new, timer_minutes=None, by=people.boss, now=NOW)
    row = one_of(people.owner)
    tomorrow_away(people)
    recalculation.change_stage(funnel.new, timer_minutes=600, by=people.boss, now=MIDNIGHT - HOUR)

    absence_clocks.begin_and_end(MIDNIGHT + HOUR)

    assert clock(row) == (None, 9 * 3_600)
    assert findings() == []


def test_hours_that_change_while_the_cron_is_down_find_the_absence_in_effect(people: People, funnel: Funnel) -> None:
    recalculation.change_stage(funnel.new, timer_minutes=600, by=people.boss, now=NOW)
    row = one_of(people.owner)
    Opportunity.objects.filter(pk=row.pk).update(deadline=MIDNIGHT + 9 * HOUR, clock_since=MIDNIGHT - HOUR)
    tomorrow_away(people)
    calendar = people.owner.desk.calendar

    def two_hours_a_day() -> None:
        OpeningWindow.objects.filter(calendar=calendar).update(opens=dt.time(7), closes=dt.time(9))

    recalculation.change_calendar(calendar, two_hours_a_day, by=people.boss, now=MIDNIGHT + 7 * HOUR)
    absence_clocks.begin_and_end(MIDNIGHT + 8 * HOUR)

    assert clock(row) == (None, 9 * 3_600)


def test_an_absence_that_gives_work_away_leaves_what_was_overdue_when_it_was_announced(people: People) -> None:
    row = one_of(people.owner)
    late = NOW + 2 * HOUR
    absences.announce(
        people.owner,
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        policy=AbsencePolicy.REDISTRIBUTE,
        by=people.boss,
        now=late,
    )
    absence_clocks.begin_and_end(late)

    assert clock(row)[0] == NOW + HOUR
    assert expiry.expire_timers(late).expired == 1
    assert findings() == []
