"""What a change would do, before it is done."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from leadmaster.calendars.arithmetic import CLOSED, Calendar, Hours, NeverOpens
from leadmaster.calendars.preview import Move, Rehearsal, Timer, rehearse, what_is_left

CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
OFFICE = Hours.of((dt.time(9), dt.time(18)))
OLD = Calendar((OFFICE,) * 5 + (CLOSED, CLOSED), CORDOBA)
HOLIDAY = Calendar(OLD.week, CORDOBA, {dt.date(2026, 11, 23): CLOSED})
HOUR = dt.timedelta(hours=1)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=CORDOBA)


def test_a_new_holiday_moves_only_the_timers_that_run_over_it() -> None:
    before_it = Timer("viernes", at("2026-11-20 10:00"), 4 * HOUR)
    over_it = Timer("sobre el lunes", at("2026-11-20 17:00"), 4 * HOUR)
    after_it = Timer("martes", at("2026-11-24 10:00"), 4 * HOUR)
    rehearsal = rehearse([before_it, over_it, after_it], old=OLD, new=HOLIDAY)
    assert rehearsal == Rehearsal(
        unchanged=2, moves=(Move("sobre el lunes", at("2026-11-23 12:00"), at("2026-11-24 12:00")),)
    )
    assert (rehearsal.later, rehearsal.earlier) == (1, 0)
    assert (rehearsal.gained, rehearsal.lost) == (24 * HOUR, 0 * HOUR)


def test_longer_hours_bring_deadlines_nearer_and_say_by_how_much() -> None:
    longer = Calendar((Hours.of((dt.time(8), dt.time(20))),) * 7, CORDOBA)
    timers = [Timer(1, at("2026-11-20 17:00"), 4 * HOUR), Timer(2, at("2026-11-20 16:00"), HOUR)]
    rehearsal = rehearse(timers, old=OLD, new=longer)
    assert rehearsal.moves == (Move(1, at("2026-11-23 12:00"), at("2026-11-21 09:00")),)
    assert (rehearsal.earlier, rehearsal.later, rehearsal.unchanged) == (1, 0, 1)
    assert rehearsal.lost == 51 * HOUR


def test_moves_come_by_their_present_deadline() -> None:
    timers = [Timer(n, at("2026-11-20 17:00"), n * HOUR) for n in (5, 2, 4)]
    assert [move.id for move in rehearse(timers, old=OLD, new=HOLIDAY).moves] == [2, 4, 5]


def test_what_passed_under_the_old_hours_stays_passed() -> None:
    now = at("2026-11-20 17:00")
    shorter = Calendar((Hours.of((dt.time(9), dt.time(10))),) * 7, CORDOBA)
    left = what_is_left("a", at("2026-11-23 10:00"), now=now, calendar=OLD)
    assert left == Timer("a", now, 2 * HOUR)
    assert rehearse([left], old=OLD, new=shorter).moves == (Move("a", at("2026-11-23 10:00"), at("2026-11-22 10:00")),)


def test_one_that_is_overdue_has_nothing_left_to_move() -> None:
    now = at("2026-11-21 12:00")
    left = what_is_left("a", at("2026-11-20 12:00"), now=now, calendar=OLD)
    assert left.duration == 0 * HOUR
    assert rehearse([left], old=OLD, new=HOLIDAY) == Rehearsal(unchanged=1, moves=())


def test_hours_that_would_never_end_a_timer_are_an_error() -> None:
    with pytest.raises(NeverOpens):
        rehearse([Timer(1, at("2026-11-20 17:00"), HOUR)], old=OLD, new=Calendar((CLOSED,) * 7, CORDOBA))
