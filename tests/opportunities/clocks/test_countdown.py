"""Deadlines in operating time: what counts, and what is left."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from leadmaster.calendars.arithmetic import CLOSED, Calendar, Hours
from opportunities.clocks.countdown import deadline_for, time_left
from opportunities.errors import Incomplete
from opportunities.models import Opportunity, Stage

# From nine to one and from three to six, at lunch and on Sundays nobody.
_DAY = Hours.of((dt.time(9), dt.time(13)), (dt.time(15), dt.time(18)))
OFFICE = Calendar((*[_DAY] * 6, CLOSED), zoneinfo.ZoneInfo("UTC"))
SATURDAY = dt.date(2026, 3, 7)


def at(hour: int, minute: int = 0, *, day: dt.date = SATURDAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


@pytest.mark.parametrize(
    ("now", "minutes", "deadline"),
    [
        (at(10), 60, at(11)),
        # Through lunch, and from within it.
        (at(12, 30), 60, at(15, 30)),
        (at(14), 60, at(16)),
        # Over Sunday to Monday.
        (at(17, 30), 60, at(9, 30, day=dt.date(2026, 3, 9))),
    ],
)
def test_a_deadline_counts_the_hours_of_the_desk_alone(now: dt.datetime, minutes: int, deadline: dt.datetime) -> None:
    assert deadline_for(Stage(timer_minutes=minutes), calendar=OFFICE, now=now) == deadline


def test_a_stage_without_a_timer_has_no_deadline() -> None:
    assert deadline_for(Stage(timer_minutes=None), calendar=OFFICE, now=at(10)) is None


def test_hours_that_never_come_are_refused_in_words() -> None:
    with pytest.raises(Incomplete, match="no abre nunca"):
        deadline_for(Stage(timer_minutes=60), calendar=Calendar((CLOSED,) * 7, OFFICE.tz), now=at(10))


@pytest.mark.parametrize(
    ("row", "left"),
    [
        (Opportunity(deadline=at(15, 30)), dt.timedelta(minutes=60)),
        (Opportunity(deadline=at(9)), dt.timedelta(0)),
        (Opportunity(deadline=None), None),
        # Stopped: what was left then, whatever the clock says now.
        (Opportunity(deadline=None, paused_seconds=90), dt.timedelta(seconds=90)),
    ],
)
def test_what_is_left_is_operating_time_and_never_less_than_nothing(
    row: Opportunity, left: dt.timedelta | None
) -> None:
    assert time_left(row, calendar=OFFICE, now=at(12, 30)) == left
