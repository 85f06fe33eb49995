"""Changes of hours and timers: what is shown before is what is done, and nothing else moves."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.calendars.arithmetic import Calendar, Hours
from leadmaster.calendars.write import save_calendar
from opportunities.enums import EventKind
from opportunities.models import Opportunity
from opportunities.timers import preview, recalculation
from opportunities.timers.recalculation import Applied
from tests.factories.opportunities import ClientFactory, Funnel
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db


def test_a_change_of_hours_moves_what_was_rehearsed_and_nothing_else(people: People) -> None:
    ClientFactory()
    ask(people.owner, 1, "antes", now=NOW - dt.timedelta(hours=2))
    overdue, row = Opportunity.objects.get(), one_of(people.owner)
    elsewhere = one_of(people.stranger)
    calendar = people.owner.desk.calendar
    morning = Hours.of((dt.time(9), dt.time(13)))
    new = Calendar((morning,) * 7, calendar.tz)

    rehearsed = preview.rehearse_calendar(calendar, new=new, now=NOW)
    [move] = rehearsed.moves
    assert (move.id, move.after) == (row.pk, dt.datetime(2026, 3, 5, 10, 0, tzinfo=dt.UTC))
    moved = recalculation.change_calendar(
        calendar, lambda: save_calendar(calendar, week=(morning,) * 7), by=people.boss, now=NOW
    )
    assert moved == Applied(moved=1)
    for one in (row, overdue, elsewhere):
        one.refresh_from_db()
    assert row.deadline == move.after
    assert row.events.filter(kind=EventKind.RETIMED).count() == 1
    assert overdue.deadline == NOW - dt.timedelta(hours=1)
    assert elsewhere.version == 1
    assert findings() == []


def test_hours_that_can_not_be_saved_move_nothing(people: People) -> None:
    row = one_of(people.owner)
    calendar = people.owner.desk.calendar
    with pytest.raises(Exception, match="no abre nunca"):
        recalculation.change_calendar(
            calendar, lambda: save_calendar(calendar, week=(Hours(),) * 7), by=people.boss, now=NOW
        )
    row.refresh_from_db()
    assert row.version == 1


@pytest.mark.parametrize(("minutes", "shift"), [(90, 30), (45, -15), (None, None)])
def test_another_timer_gives_or_takes_the_difference(
    people: People, funnel: Funnel, minutes: int | None, shift: int | None
) -> None:
    row = one_of(people.owner)
    assert row.deadline is not None
    later = NOW + dt.timedelta(minutes=10)
    rehearsed = preview.rehearse_stage(funnel.new, timer_minutes=minutes, now=later)
    assert [move.shift for move in rehearsed.moves] == ([] if shift is None else [dt.timedelta(minutes=shift)])
    done = recalculation.change_stage(funnel.new, timer_minutes=minutes, by=people.boss, now=later)
    assert done == Applied(moved=1)
    before = row.deadline
    row.refresh_from_db()
    assert row.deadline == (None if shift is None else before + dt.timedelta(minutes=shift))
    assert findings() == []
