"""Wall clocks and zones: whose day it is, and what a time means on the days when clocks jump."""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo

import pytest
from pytest_django import DjangoAssertNumQueries

from leadmaster.lib.clock import DatabaseClock, business_day, local_datetime

SANTIAGO = zoneinfo.ZoneInfo("America/Santiago")
CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("now", "day"),
    [(utc(2026, 2, 8, 2, 59), dt.date(2026, 2, 7)), (utc(2026, 2, 8, 3, 0), dt.date(2026, 2, 8))],
)
def test_the_day_changes_at_local_midnight(now: dt.datetime, day: dt.date) -> None:
    assert business_day(now, CORDOBA) == day


@pytest.mark.parametrize(
    ("day", "at", "instant"),
    [
        # 2026-09-06: clocks in Santiago jump from 24:00 to 01:00, so 00:30 is never shown.
        (dt.date(2026, 9, 6), dt.time(0, 30), utc(2026, 9, 6, 4, 0)),
        (dt.date(2026, 9, 6), dt.time(0, 0), utc(2026, 9, 6, 4, 0)),
        (dt.date(2026, 9, 6), dt.time(1, 0), utc(2026, 9, 6, 4, 0)),
        (dt.date(2026, 9, 6), dt.time(9, 0), utc(2026, 9, 6, 12, 0)),
        # 2026-04-04: 23:00–24:00 is shown twice; the first one counts.
        (dt.date(2026, 4, 4), dt.time(23, 30), utc(2026, 4, 5, 2, 30)),
        (dt.date(2026, 4, 5), dt.time(0, 0), utc(2026, 4, 5, 4, 0)),
        (dt.date(2026, 1, 15), dt.time(9, 0), utc(2026, 1, 15, 12, 0)),
    ],
)
def test_a_wall_time_is_one_instant_even_when_clocks_jump(day: dt.date, at: dt.time, instant: dt.datetime) -> None:
    assert local_datetime(day, at, SANTIAGO) == instant


@pytest.mark.django_db
def test_the_databases_clock_goes_on_without_asking_it_again(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    clock = DatabaseClock()
    with django_assert_num_queries(0):
        first = clock.now()
        time.sleep(0.02)
        second = clock.now()

    assert dt.timedelta(milliseconds=20) <= second - first < dt.timedelta(seconds=5)
    assert abs(dt.datetime.now(dt.UTC) - second) < dt.timedelta(seconds=30)
