"""When a schedule is open: pure arithmetic on wall clocks and zones."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence

from leadmaster.calendars.arithmetic import CLOSED, Hours
from leadmaster.lib.clock import local_datetime
from leadmaster.lib.windows import MIDNIGHT, of_the_day, of_the_next_day

_DAY = dt.timedelta(days=1)
_HORIZON_DAYS = 366


@dataclasses.dataclass(frozen=True)
class Opening:
    """One stretch of one business day, as instants in UTC; `closes` is not part of it."""

    day: dt.date
    opens: dt.datetime
    closes: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A schedule's times without its rows. Weekdays as digits, Monday 0; windows as (opens, closes).

    Weekdays and dates are those on which a window opens: Friday's 22:00–02:00 goes on into Saturday. `holidays` are dates
    on which nothing is open but within the hours that they have.
    """

    weekdays: str
    starts_on: dt.date
    ends_on: dt.date | None
    windows: Sequence[tuple[dt.time, dt.time]]
    holidays: Mapping[dt.date, Hours] = dataclasses.field(default_factory=dict)

    def runs_on(self, day: dt.date) -> bool:
        return (
            str(day.weekday()) in self.weekdays
            and self.starts_on <= day
            and (self.ends_on is None or day <= self.ends_on)
        )


def openings(rule: Rule, day: dt.date, tz: zoneinfo.ZoneInfo) -> list[Opening]:
    """The stretches of this day, in order: its own windows up to midnight, and what those of the evening before have left.

    So what is sent after midnight counts for the day in which it is sent. A stretch that a DST jump swallows whole is
    left out.
    """
    times = of_the_next_day(rule.windows) if rule.runs_on(day - _DAY) else []
    times += of_the_day(rule.windows) if rule.runs_on(day) else []
    found = []
    for opens, closes in times:
        last = day + _DAY if closes == MIDNIGHT else day
        start, end = local_datetime(day, opens, tz), local_datetime(last, closes, tz)
        if start < end:
            found.append(Opening(day, start, end))
    return _within(found, rule.holidays[day], tz) if day in rule.holidays else found


def _within(found: list[Opening], hours: Hours, tz: zoneinfo.ZoneInfo) -> list[Opening]:
    """What of these lies in the hours that their date has."""
    both = []
    for one in found:
        for opens, closes in hours.within_the_day(after=CLOSED).windows:
            last = one.day + _DAY if closes == MIDNIGHT else one.day
            start = max(one.opens, local_datetime(one.day, opens, tz))
            end = min(one.closes, local_datetime(last, closes, tz))
            if start < end:
                both.append(Opening(one.day, start, end))
    return both


def open_now(rule: Rule, now: dt.datetime, tz: zoneinfo.ZoneInfo) -> Opening | None:
    """The stretch that `now` lies in."""
    day = now.astimezone(tz).date()
    return next((opening for opening in openings(rule, day, tz) if opening.opens <= now < opening.closes), None)


def upcoming(rule: Rule, now: dt.datetime, tz: zoneinfo.ZoneInfo) -> Iterator[Opening]:
    """Every stretch that is not over yet, in order, for a year at the most."""
    today = now.astimezone(tz).date()
    first = max(today, rule.starts_on)
    for offset in range(_HORIZON_DAYS):
        day = first + dt.timedelta(days=offset)
        # Its last evening may go on after midnight.
        if rule.ends_on is not None and day > rule.ends_on + _DAY:
            return
        for opening in openings(rule, day, tz):
            if opening.closes > now:
                yield opening
