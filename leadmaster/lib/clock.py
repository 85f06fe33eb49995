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


def local_datetime(day: dt.date, at: dt.time, tz: zoneinfo.ZoneInfo) -> dt.datetime:
    """The instant at which a wall clock of this zone shows `day` `at`, in UTC.

    A time that a DST jump skips counts as the first instant after the jump; one that is shown twice, as the first.
    """
    wall = dt.datetime.combine(day, at, tzinfo=tz)
    instant = wall.astimezone(dt.UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In the gap, fold=0 reads the offset before the jump: that lands as far behind the jump as the wall time was in it.
    offset_before = wall.utcoffset()
    offset_after = wall.replace(fold=1).utcoffset()
    if offset_before is None or offset_after is None:
        return instant
    lo, hi = instant - dt.timedelta(hours=3), instant + dt.timedelta(hours=3)
    while hi - lo > dt.timedelta(seconds=1):
        middle = lo + (hi - lo) / 2
        if middle.astimezone(tz).utcoffset() == lo.astimezone(tz).utcoffset():
            lo = middle
        else:
            hi = middle
    return hi.replace(microsecond=0)
