"""Operating time: the time that passes only while somebody is at work. Pure values, no tables.

A window is given in wall clock time and opens at the first instant at which a clock of the zone shows its beginning (or
anything later, where a jump skips it) and closes likewise. So an hour that is shown twice counts twice while a window
is open, an hour that is skipped does not count, and what passes is always real time: instants come in aware and go out
in UTC.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from leadmaster.lib import windows
from leadmaster.lib.clock import local_datetime

MIDNIGHT: Final = dt.time(0)
NOTHING: Final = dt.timedelta(0)
_DAY: Final = dt.timedelta(days=1)
# A calendar that has been closed for so long does not open any more.
_PATIENCE_DAYS: Final = 2 * 366
_CACHED_DAYS: Final = 12_000
# Nobody waits longer for anything.
_HORIZON_DAYS: Final = 30 * 366
_HORIZON_WEEKS: Final = _HORIZON_DAYS // 7 + 1


class CalendarError(Exception):
    """An answer that a calendar can't give. `str()` is for logs; screens have their own sentences."""


class InvalidHours(CalendarError, ValueError):
    """Windows that overlap, or that close before they open."""


class NeverOpens(CalendarError):
    """No opening within two years."""


class TooFar(NeverOpens):
    """It opens, but so seldom that the answer lies beyond thirty years."""


class Window(NamedTuple):
    """From `opens` up to, not including, `closes`. Closing at 00:00 is the end of the day, 24:00; one that closes before it
    opens goes on after midnight.
    """

    opens: dt.time
    closes: dt.time

    @property
    def start(self) -> dt.timedelta:
        """Since midnight."""
        return windows.since_midnight(self.opens)

    @property
    def end(self) -> dt.timedelta:
        """Since the midnight before it opens: up to 24 hours, or more for one that goes on after midnight."""
        return windows.end_of(self.opens, self.closes)


class Stretch(NamedTuple):
    """A window of one day, as instants in UTC."""

    opens: dt.datetime
    closes: dt.datetime


@dataclasses.dataclass(frozen=True)
class Hours:
    """The windows that open on one day, in order. None at all: closed."""

    windows: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        """Raises InvalidHours."""
        end = NOTHING
        for window in self.windows:
            if window.start < end:
                raise InvalidHours(f"{window.opens} is before the end of the window before it")
            end = window.end
            if end <= window.start:
                raise InvalidHours(f"{window.opens}–{window.closes} closes before it opens")

    @classmethod
    def of(cls, *times: tuple[dt.time, dt.time]) -> Hours:
        """Windows in any order."""
        return cls(tuple(sorted(Window(opens, closes) for opens, closes in times)))

    @property
    def goes_over_midnight(self) -> bool:
        return bool(self.windows) and windows.goes_over_midnight(*self.windows[-1])

    @property
    def after_midnight(self) -> dt.timedelta:
        """How far into the next day the last of them goes."""
        return self.windows[-1].end - _DAY if self.goes_over_midnight else NOTHING

    def within_the_day(self, *, after: Hours) -> Hours:
        """What is open in the day itself: these up to midnight, and before them what the day `after` it has left."""
        if not (self.goes_over_midnight or after.goes_over_midnight):
            return self
        return _joined([*windows.of_the_next_day(after.windows), *windows.of_the_day(self.windows)])


def _joined(times: list[windows.Times]) -> Hours:
    """Windows in the order of their opening, of which some may overlap."""
    found: list[Window] = []
    for window in (Window(*pair) for pair in times):
        if found and window.start < found[-1].end:
            found[-1] = max(found[-1], found[-1]._replace(closes=window.closes), key=lambda one: one.end)
        else:
            found.append(window)
    return Hours(tuple(found))


CLOSED: Final = Hours()
ALL_DAY: Final = Hours.of((MIDNIGHT, MIDNIGHT))


class Day(NamedTuple):
    """One calendar day, worked out: from its first instant up to, not including, the next day's."""

    starts: dt.datetime
    ends: dt.datetime
    stretches: tuple[Stretch, ...]
    total: dt.timedelta


@dataclasses.dataclass(frozen=True)
class Calendar:
    """Opening hours by weekday (Monday first), the dates that have other ones, and the zone whose clocks they mean."""

    week: tuple[Hours, ...]
    tz: zoneinfo.ZoneInfo
    holidays: Mapping[dt.date, Hours] = dataclasses.field(default_factory=dict)
    _days: dict[dt.date, Day] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise InvalidHours("a week has seven days")

    @property
    def opens_every_week(self) -> bool:
        return any(hours.windows for hours in self.week)

    def most_in_horizon(self) -> dt.timedelta:
        """At least as much operating time as thirty years hold."""
        week = sum((window.end - window.start for hours in self.week for window in hours.windows), NOTHING)
        special = sum(
            (window.end - window.start for hours in self.holidays.values() for window in hours.windows), NOTHING
        )
        # A day may be an hour longer, or two, where clocks are set back.
        return week * _HORIZON_WEEKS + special + dt.timedelta(hours=4 * 31)

    def hours_on(self, day: dt.date) -> Hours:
        """What is open from midnight to midnight. A date with hours of its own keeps to them from its first instant on."""
        own = self._opening_on(day)
        if day in self.holidays or day == dt.date.min:
            return own.within_the_day(after=CLOSED)
        return own.within_the_day(after=self._opening_on(day - _DAY))

    def _opening_on(self, day: dt.date) -> Hours:
        special = self.holidays.get(day)
        return self.week[day.weekday()] if special is None else special

    def day(self, day: dt.date) -> Day:
        """What `day` is in real time. Worked out once for each date."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            known = self._days[day] = self._work_out(day)
        return known

    def _work_out(self, day: dt.date) -> Day:
        starts = local_datetime(day, MIDNIGHT, self.tz)
        ends = local_datetime(day + _DAY, MIDNIGHT, self.tz)
        hours = self.hours_on(day)
        # A day of 24 hours has no jump in it, so its windows are found by adding.
        stretches = (
            tuple(Stretch(starts + window.start, starts + window.end) for window in hours.windows)
            if ends - starts == _DAY
            else self._around_a_jump(day, hours)
        )
        return Day(starts, ends, stretches, sum((closes - opens for opens, closes in stretches), NOTHING))

    def _around_a_jump(self, day: dt.date, hours: Hours) -> tuple[Stretch, ...]:
        """A window that the jump swallows whole is left out."""
        found = []
        for window in hours.windows:
            last = day + _DAY if window.closes == MIDNIGHT else day
            opens, closes = local_datetime(day, window.opens, self.tz), local_datetime(last, window.closes, self.tz)
            if opens < closes:
                found.append(Stretch(opens, closes))
        return tuple(found)


def add_operating_time(start: dt.datetime, duration: dt.timedelta, calendar: Calendar) -> dt.datetime:
    """The instant, in UTC, at which `duration` of operating time has passed since `start`.

    Out of hours the clock begins to run at the next opening, so nothing added is that opening. What ends exactly with a
    window ends at its closing, not at the next opening. Raises NeverOpens, TooFar beyond thirty years, and ValueError for
    a negative duration.
    """
    if duration < NOTHING:
        raise ValueError("operating time is added, not taken back")
    if duration > calendar.most_in_horizon() and calendar.opens_every_week:
        raise TooFar(f"{duration} is more than thirty years hold")
    moment = next_opening(start, calendar)
    if not duration:
        return moment
    left = duration
    for number, day in enumerate(_days_from(moment, calendar)):
        if number > _HORIZON_DAYS:
            raise TooFar(f"{left} of {duration} are left after thirty years")
        # A whole day is taken by its sum: long durations pay one step a day, not one a window.
        if moment <= day.starts and day.total < left:
            left -= day.total
            continue
        for opens, closes in day.stretches:
            runs_from = max(opens, moment)
            if closes - runs_from >= left:
                return runs_from + left
            left -= max(closes - runs_from, NOTHING)
    raise AssertionError("unreachable")


def operating_time_between(a: dt.datetime, b: dt.datetime, calendar: Calendar) -> dt.timedelta:
    """The operating time that passes from `a` to `b`; negative when `b` is the earlier one.

    The inverse of adding: between `start` and `start` plus a duration lies that duration.
    """
    a, b = _instant(a), _instant(b)
    if b < a:
        return -operating_time_between(b, a, calendar)
    passed = NOTHING
    date = _date_of(a, calendar)
    while (day := calendar.day(date)).starts < b:
        if a <= day.starts and day.ends <= b:
            passed += day.total
        else:
            passed += sum((max(min(closes, b) - max(opens, a), NOTHING) for opens, closes in day.stretches), NOTHING)
        date += _DAY
    return passed


def next_opening(at: dt.datetime, calendar: Calendar) -> dt.datetime:
    """`at` itself while it is open, otherwise the first instant at which it opens. In UTC. Raises NeverOpens."""
    at = _instant(at)
    for day in _days_from(at, calendar):
        for opens, closes in day.stretches:
            if closes > at:
                return max(opens, at)
    raise AssertionError("unreachable")


def is_open(at: dt.datetime, calendar: Calendar) -> bool:
    at = _instant(at)
    date = _date_of(at, calendar)
    return any(opens <= at < closes for day in (date, date + _DAY) for opens, closes in calendar.day(day).stretches)


# --- Days in order ----------------------------------------------------------------------------------------------------


def _days_from(at: dt.datetime, calendar: Calendar) -> Iterator[Day]:
    """The days from the one of `at` on, without end. Raises NeverOpens after two years of closed ones."""
    date = _date_of(at, calendar)
    closed_days = 0
    while closed_days < _PATIENCE_DAYS:
        try:
            day = calendar.day(date)
            date += _DAY
        except OverflowError:
            break
        closed_days = 0 if day.stretches else closed_days + 1
        yield day
    raise NeverOpens(f"no opening in the two years before {date}")


def _date_of(at: dt.datetime, calendar: Calendar) -> dt.date:
    return at.astimezone(calendar.tz).date()


def _instant(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("operating time needs aware datetimes")
    return moment.astimezone(dt.UTC)
