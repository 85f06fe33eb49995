"""Operating time, case by case: each line is a deadline that somebody would dispute."""

from __future__ import annotations

import datetime as dt
import time
import zoneinfo

import pytest

from leadmaster.calendars.arithmetic import (
    ALL_DAY,
    CLOSED,
    Calendar,
    Hours,
    InvalidHours,
    NeverOpens,
    TooFar,
    add_operating_time,
    is_open,
    next_opening,
    operating_time_between,
)

CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
MADRID = zoneinfo.ZoneInfo("Europe/Madrid")
UTC_ZONE = zoneinfo.ZoneInfo("UTC")
MIDNIGHT = dt.time(0)
SPLIT = Hours.of((dt.time(9), dt.time(13)), (dt.time(14), dt.time(18)))
OFFICE = Calendar((SPLIT,) * 5 + (CLOSED, CLOSED), CORDOBA)


def at(text: str, tz: zoneinfo.ZoneInfo = CORDOBA) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=tz)


def hours(number: float) -> dt.timedelta:
    return dt.timedelta(hours=number)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-11-16 10:00", 2, "2026-11-16 12:00"),
        ("2026-11-16 12:00", 2, "2026-11-16 15:00"),  # over lunch
        ("2026-11-16 13:30", 1, "2026-11-16 15:00"),  # started at lunch
        ("2026-11-16 17:30", 1, "2026-11-17 09:30"),  # over night
        ("2026-11-16 17:00", 1, "2026-11-16 18:00"),  # ends with the day, not with the next one
        ("2026-11-20 17:30", 1, "2026-11-23 09:30"),  # over the weekend
        ("2026-11-21 11:11", 1, "2026-11-23 10:00"),  # started on a Saturday
        ("2026-11-21 11:11", 0, "2026-11-23 09:00"),
        ("2026-11-16 18:00", 0, "2026-11-17 09:00"),
        ("2026-11-16 04:00", 8, "2026-11-16 18:00"),
        ("2026-11-16 09:00", 80, "2026-11-27 18:00"),
    ],
)
def test_deadline_in_a_split_shift(start: str, duration: float, end: str) -> None:
    found = add_operating_time(at(start), hours(duration), OFFICE)
    assert found.astimezone(CORDOBA) == at(end)


def test_a_holiday_does_not_count_and_special_hours_do() -> None:
    christmas = Calendar(
        OFFICE.week,
        CORDOBA,
        {dt.date(2026, 12, 24): Hours.of((dt.time(9), dt.time(12))), dt.date(2026, 12, 25): CLOSED},
    )
    assert add_operating_time(at("2026-12-24 11:00"), hours(2), christmas) == at("2026-12-28 10:00")
    assert operating_time_between(at("2026-12-24 00:00"), at("2026-12-29 00:00"), christmas) == hours(3 + 8)


def test_a_holiday_may_open_on_a_day_that_is_closed_otherwise() -> None:
    with_saturday = Calendar(OFFICE.week, CORDOBA, {dt.date(2026, 11, 21): Hours.of((dt.time(10), dt.time(11)))})
    assert next_opening(at("2026-11-20 19:00"), with_saturday) == at("2026-11-21 10:00")


def test_around_the_clock_loses_no_minute_at_midnight() -> None:
    always = Calendar((ALL_DAY,) * 7, CORDOBA)
    start = at("2026-11-16 23:59:30")
    for minutes in range(0, 3000, 7):
        assert add_operating_time(start, dt.timedelta(minutes=minutes), always) == start + dt.timedelta(minutes=minutes)
    assert is_open(at("2026-11-17 00:00"), always)


def test_a_window_to_midnight_joins_the_one_of_the_next_morning() -> None:
    night = Calendar((Hours.of((MIDNIGHT, dt.time(6)), (dt.time(22), MIDNIGHT)),) * 7, CORDOBA)
    assert add_operating_time(at("2026-11-16 23:00"), hours(3), night) == at("2026-11-17 02:00")


def test_an_hour_that_is_skipped_does_not_count() -> None:
    night = Calendar((Hours.of((dt.time(1), dt.time(5))),) * 7, MADRID)
    # On 31 March 2024 02:00 becomes 03:00.
    assert operating_time_between(at("2024-03-31 00:00", MADRID), at("2024-03-31 12:00", MADRID), night) == hours(3)
    assert add_operating_time(at("2024-03-31 01:00", MADRID), hours(2), night) == at("2024-03-31 04:00", MADRID)


def test_an_hour_that_comes_twice_counts_twice() -> None:
    night = Calendar((Hours.of((dt.time(1), dt.time(5))),) * 7, MADRID)
    # On 27 October 2024 03:00 becomes 02:00.
    assert operating_time_between(at("2024-10-27 00:00", MADRID), at("2024-10-27 12:00", MADRID), night) == hours(5)
    assert add_operating_time(at("2024-10-27 01:00", MADRID), hours(5), night) == at("2024-10-27 05:00", MADRID)


def test_an_opening_that_is_skipped_opens_when_the_clock_jumps() -> None:
    night = Calendar((Hours.of((dt.time(2, 30), dt.time(5))),) * 7, MADRID)
    assert next_opening(at("2024-03-31 00:00", MADRID), night) == at("2024-03-31 03:00", MADRID)


def test_a_window_inside_the_skipped_hour_is_no_opening_that_day() -> None:
    night = Calendar((Hours.of((dt.time(2, 10), dt.time(2, 50))),) * 7, MADRID)
    assert next_opening(at("2024-03-31 00:00", MADRID), night) == at("2024-04-01 02:10", MADRID)


def test_calendar_that_never_opens_is_an_error_and_not_a_hang() -> None:
    never = Calendar((CLOSED,) * 7, CORDOBA, {dt.date(2026, 11, 1): SPLIT})
    assert not never.opens_every_week
    assert add_operating_time(at("2026-10-01 00:00"), hours(1), never) == at("2026-11-01 10:00")
    with pytest.raises(NeverOpens):
        add_operating_time(at("2026-11-02 00:00"), hours(1), never)
    with pytest.raises(NeverOpens):
        next_opening(at("2026-11-02 00:00"), never)
    assert not is_open(at("2026-11-02 10:00"), never)
    assert operating_time_between(at("2026-11-02 00:00"), at("2026-12-02 00:00"), never) == hours(0)


def test_a_duration_beyond_the_calendar_of_dates_is_an_error() -> None:
    seldom = Calendar((Hours.of((MIDNIGHT, dt.time(0, 1))),) + (CLOSED,) * 6, CORDOBA)
    with pytest.raises(NeverOpens):
        add_operating_time(dt.datetime(9990, 1, 1, tzinfo=dt.UTC), hours(1000), seldom)


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="taken back"):
        add_operating_time(at("2026-11-16 10:00"), hours(-1), OFFICE)


def test_naive_moments_are_refused() -> None:
    naive = dt.datetime(2026, 11, 16, 10)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="aware"):
        is_open(naive, OFFICE)
    with pytest.raises(ValueError, match="aware"):
        add_operating_time(naive, hours(1), OFFICE)


@pytest.mark.parametrize(
    "windows",
    [
        [(dt.time(9), dt.time(9))],
        [(dt.time(22), dt.time(2)), (dt.time(23), MIDNIGHT)],
        [(dt.time(9), dt.time(12)), (dt.time(11), dt.time(13))],
        [(dt.time(9), MIDNIGHT), (dt.time(11), dt.time(13))],
        [(dt.time(9), dt.time(12)), (dt.time(9), dt.time(12))],
    ],
)
def test_hours_that_overlap_or_end_as_they_begin_are_refused(windows: list[tuple[dt.time, dt.time]]) -> None:
    with pytest.raises(InvalidHours):
        Hours.of(*windows)


def test_a_year_of_operating_time_takes_no_year_to_find() -> None:
    start = at("2026-01-05 09:00")
    began = time.perf_counter()
    for _ in range(50):
        fresh = Calendar(OFFICE.week, CORDOBA)
        add_operating_time(start, hours(8 * 5 * 52), fresh)
    assert (time.perf_counter() - began) / 50 < 0.05


def test_a_day_that_has_begun_goes_on_although_the_clock_falls_back_into_the_one_before() -> None:
    """Newfoundland, 29 October 2006: a minute after midnight the clocks went back to 23:01 of Saturday."""
    sundays = Calendar((CLOSED,) * 6 + (ALL_DAY,), zoneinfo.ZoneInfo("America/St_Johns"))
    began = dt.datetime(2006, 10, 29, 2, 30, tzinfo=dt.UTC)
    assert next_opening(began - hours(5), sundays) == began
    assert is_open(began + hours(0.5), sundays)
    assert operating_time_between(began - hours(5), began + hours(40), sundays) == hours(25)


# --- As far as anybody waits ------------------------------------------------------------------------------------------

A_MINUTE_A_WEEK = Calendar((Hours.of((dt.time(9), dt.time(9, 1))), *[CLOSED] * 6), UTC_ZONE)


@pytest.mark.parametrize("duration", [dt.timedelta(minutes=1_600), dt.timedelta(hours=1_000), dt.timedelta(days=10**6)])
def test_what_takes_more_than_thirty_years_is_refused_at_once(duration: dt.timedelta) -> None:
    started = time.process_time()
    with pytest.raises(TooFar):
        add_operating_time(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), duration, A_MINUTE_A_WEEK)
    assert time.process_time() - started < 1


def test_within_thirty_years_the_answer_is_given() -> None:
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)

    end = add_operating_time(start, dt.timedelta(minutes=1_500), A_MINUTE_A_WEEK)

    assert end == start + dt.timedelta(weeks=1_499, hours=9, minutes=1)


def test_a_calendar_of_special_days_alone_is_read_to_its_last_one() -> None:
    day = dt.date(2026, 3, 2)
    calendar = Calendar((CLOSED,) * 7, UTC_ZONE, {day: Hours.of((dt.time(9), dt.time(10)))})
    start = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

    assert add_operating_time(start, dt.timedelta(hours=1), calendar).hour == 10
    with pytest.raises(NeverOpens):
        add_operating_time(start, dt.timedelta(hours=2), calendar)
