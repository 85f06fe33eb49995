"""Operating time as somebody with a clock on the wall and much patience would find it: minute by minute.

It shares no step with the arithmetic. The watcher notes the latest date and time that the clock has shown so far (a
clock that is put back shows nothing new), and whether the office is open at that reading.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator

from leadmaster.calendars.arithmetic import Calendar, Window

MINUTE = dt.timedelta(minutes=1)
_DAY_MINUTES = 24 * 60
# Longer than any zone ever put its clocks back or forward.
_WARM_UP = dt.timedelta(hours=25)


def open_minutes(calendar: Calendar, since: dt.datetime) -> Iterator[tuple[dt.datetime, bool]]:
    """Every minute from the one of `since` on, and whether it is open."""
    first = since.astimezone(dt.UTC).replace(second=0, microsecond=0)
    minute = first - _WARM_UP
    latest = minute.astimezone(calendar.tz).replace(tzinfo=None)
    while True:
        latest = max(latest, minute.astimezone(calendar.tz).replace(tzinfo=None))
        if minute >= first:
            yield minute, _open_at(calendar, latest.date(), latest.hour * 60 + latest.minute)
        minute += MINUTE


def add(start: dt.datetime, duration: dt.timedelta, calendar: Calendar, *, days: int) -> dt.datetime | None:
    """The answer, or None when `days` did not suffice to find it."""
    left = duration
    for minute, is_open in open_minutes(calendar, start):
        if minute - start > dt.timedelta(days=days):
            return None
        if not is_open:
            continue
        runs_from = max(minute, start)
        if minute + MINUTE - runs_from > left or (left and minute + MINUTE - runs_from == left):
            return runs_from + left
        left -= minute + MINUTE - runs_from
    raise AssertionError("minutes never end")


def between(a: dt.datetime, b: dt.datetime, calendar: Calendar) -> dt.timedelta:
    passed = dt.timedelta(0)
    for minute, is_open in open_minutes(calendar, a):
        if minute >= b:
            return passed
        if is_open:
            passed += min(minute + MINUTE, b) - max(minute, a)
    raise AssertionError("minutes never end")


@functools.cache
def _minutes(opens: dt.time, closes: dt.time) -> range:
    """Of the day in which it opens and, beyond 1440, of the next one."""
    since, until = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    return range(since, until if since < until else until + _DAY_MINUTES)


def _open_at(calendar: Calendar, date: dt.date, minute_of_day: int) -> bool:
    if any(minute_of_day in _minutes(*window) for window in _opening_on(calendar, date)):
        return True
    # A date with hours of its own keeps to them.
    if date in calendar.holidays:
        return False
    before = _opening_on(calendar, date - dt.timedelta(days=1))
    return any(minute_of_day + _DAY_MINUTES in _minutes(*window) for window in before)


def _opening_on(calendar: Calendar, date: dt.date) -> tuple[Window, ...]:
    hours = calendar.holidays[date] if date in calendar.holidays else calendar.week[date.weekday()]
    return hours.windows
