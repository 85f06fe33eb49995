"""Whose time it is. The one place that reads a clock for decisions.

Leases compare times that different machines wrote, so they use the database's clock. `DatabaseClock` asks for it once
and goes on by this machine's boot clock, which neither steps with NTP nor stops while a process is suspended.
"""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo
from typing import Protocol

from django.db import connection

_SECOND = dt.timedelta(seconds=1)


class Clock(Protocol):
    """Aware UTC times for decisions; `sleep` takes seconds."""

    def now(self) -> dt.datetime: ...

    def sleep(self, seconds: float) -> None: ...


def database_now() -> dt.datetime:
    """The database's own time, aware and in UTC. One query."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Embedded: the database is this machine, and strftime would cut the microseconds.
            return dt.datetime.now(dt.UTC)
        cursor.execute("SELECT UTC_TIMESTAMP(6)")
        value: dt.datetime = cursor.fetchone()[0]
    return value.replace(tzinfo=dt.UTC)


class DatabaseClock:
    """The database's time, carried on by the boot clock from the moment it was made."""

    def __init__(self) -> None:
        self._anchor = database_now()
        self._started = self._boot_seconds()

    @staticmethod
    def _boot_seconds() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def now(self) -> dt.datetime:
        return self._anchor + dt.timedelta(seconds=self._boot_seconds() - self._started)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def business_day(now: dt.datetime, tz: zoneinfo.ZoneInfo) -> dt.date:
    """The calendar day that people of this zone are living at `now`."""
    return now.astimezone(tz).date()


def days_somewhere(now: dt.datetime) -> tuple[dt.date, ...]:
    """The calendar days that people of any zone are living at `now`, and the one before, which goes on where a zone changed
    (`days`): four at the most."""
    earliest, latest = (now.astimezone(dt.UTC) + dt.timedelta(hours=hours) for hours in (-12, 14))
    first, last = earliest.date(), latest.date()
    return tuple(first + dt.timedelta(days=number) for number in range(-1, (last - first).days + 1))


def local_datetime(day: dt.date, at: dt.time, tz: zoneinfo.ZoneInfo) -> dt.datetime:
    """The instant at which a wall clock of this zone shows `day` `at`, in UTC.

    A time that a DST jump skips counts as the first instant after the jump; one that is shown twice, as the first.
    """
    wall = dt.datetime.combine(day, at, tzinfo=tz)
    instant = wall.astimezone(dt.UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In a gap, fold=1 reads the offset after the jump and lands before it; fold=0 the other way round.
    before, after = wall.replace(fold=1).astimezone(dt.UTC), instant
    offset_before = before.astimezone(tz).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(tz).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    # Zones jump at whole seconds.
    return after.replace(microsecond=0)
