"""When a schedule is open."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.windows import Rule, open_now, openings, upcoming

CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
SANTIAGO = zoneinfo.ZoneInfo("America/Santiago")
START = dt.datetime(2026, 2, 3, tzinfo=dt.UTC)
MORNING, AFTERNOON = (dt.time(9), dt.time(13)), (dt.time(16), dt.time(20))


def rule(*windows: tuple[dt.time, dt.time], weekdays: str = "01234", ends_on: dt.date | None = None) -> Rule:
    return Rule(weekdays=weekdays, starts_on=dt.date(2026, 2, 2), ends_on=ends_on, windows=windows)


def local(*parts: int, tz: zoneinfo.ZoneInfo = CORDOBA) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=tz).astimezone(dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (local(2026, 2, 6, 8, 59, 59), False),
        (local(2026, 2, 6, 9, 0), True),
        (local(2026, 2, 6, 12, 59, 59), True),
        (local(2026, 2, 6, 13, 0), False),  # lunch
        (local(2026, 2, 6, 16, 0), True),
        (local(2026, 2, 6, 20, 0), False),
        (local(2026, 2, 7, 10, 0), False),  # Saturday
        (local(2026, 1, 30, 10, 0), False),  # before it starts
        (local(2026, 2, 27, 10, 0), True),  # its last day
        (local(2026, 3, 2, 10, 0), False),  # after it
    ],
)
def test_opens_and_closes_on_the_minute(at: dt.datetime, *, is_open: bool) -> None:
    schedule = rule(MORNING, AFTERNOON, ends_on=dt.date(2026, 2, 27))

    assert (open_now(schedule, at, CORDOBA) is not None) is is_open


def test_closing_at_midnight_is_the_end_of_the_day() -> None:
    schedule = rule((dt.time(22), dt.time(0)), weekdays="0123456")

    assert open_now(schedule, local(2026, 2, 6, 23, 59, 59), CORDOBA) is not None
    assert open_now(schedule, local(2026, 2, 7, 0, 0), CORDOBA) is None


NIGHT = (dt.time(22), dt.time(2))


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (local(2026, 2, 6, 21, 59, 59), None),
        (local(2026, 2, 6, 22, 0), 6),  # Friday
        (local(2026, 2, 6, 23, 59, 59), 6),
        (local(2026, 2, 7, 0, 0), 7),  # Friday's night goes on in Saturday, which it is charged to
        (local(2026, 2, 7, 1, 59, 59), 7),
        (local(2026, 2, 7, 2, 0), None),
        (local(2026, 2, 7, 22, 0), None),  # Saturday has none of its own
        (local(2026, 2, 9, 1, 0), None),  # nor had Sunday
        (local(2026, 2, 28, 1, 59), 28),  # the night of its last day
        (local(2026, 2, 28, 22, 0), None),
        (local(2026, 2, 2, 1, 0), None),  # the night before its first day
    ],
)
def test_a_window_over_midnight_is_one_and_each_part_lies_in_its_own_day(at: dt.datetime, day: int | None) -> None:
    opening = open_now(rule(NIGHT, ends_on=dt.date(2026, 2, 27)), at, CORDOBA)

    assert (opening.day.day if opening else None) == day
    assert opening is None or opening.opens <= at < opening.closes


def test_what_comes_next_after_midnight_is_the_rest_of_the_night() -> None:
    found = [
        (opening.day.day, opening.opens.astimezone(CORDOBA).hour, opening.closes.astimezone(CORDOBA).hour)
        for opening in upcoming(rule(NIGHT, ends_on=dt.date(2026, 2, 9)), local(2026, 2, 6, 23), CORDOBA)
    ]

    assert found == [(6, 22, 0), (7, 0, 2), (9, 22, 0), (10, 0, 2)]


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (dt.date(2025, 9, 6), 3),  # Santiago: 00:00 is 01:00, so an hour of the night is missing
        (dt.date(2025, 4, 5), 5),  # the last hour of Saturday comes twice
        (dt.date(2025, 4, 6), 4),
    ],
)
def test_a_night_in_which_the_clocks_jump_is_as_long_as_it_is(evening: dt.date, hours: int) -> None:
    schedule = Rule(weekdays="0123456", starts_on=evening, ends_on=evening, windows=[NIGHT])

    parts = [*openings(schedule, evening, SANTIAGO), *openings(schedule, evening + dt.timedelta(days=1), SANTIAGO)]

    assert sum((part.closes - part.opens for part in parts), dt.timedelta()) == dt.timedelta(hours=hours)
    assert parts[0].closes == parts[1].opens


def test_a_window_that_the_clocks_skip_does_not_open() -> None:
    skipped = rule((dt.time(0, 10), dt.time(0, 50)), weekdays="0123456")

    assert openings(skipped, dt.date(2026, 9, 6), SANTIAGO) == []
    assert len(openings(skipped, dt.date(2026, 9, 7), SANTIAGO)) == 1


def test_what_comes_next_starts_with_what_is_open_and_ends_with_the_schedule() -> None:
    schedule = rule(MORNING, AFTERNOON, ends_on=dt.date(2026, 2, 9))

    found = [
        (opening.day.day, opening.opens.astimezone(CORDOBA).hour)
        for opening in upcoming(schedule, local(2026, 2, 6, 10), CORDOBA)
    ]

    assert found == [(6, 9), (6, 16), (9, 9), (9, 16)]


@given(
    at=st.integers(0, 700 * 86_400).map(lambda seconds: START + dt.timedelta(seconds=seconds)),
    zone=st.sampled_from(["America/Santiago", "America/Monterrey", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    weekdays=st.sets(st.sampled_from("0123456"), min_size=1).map(lambda days: "".join(sorted(days))),
)
def test_open_means_what_the_wall_clock_shows(at: dt.datetime, zone: str, weekdays: str) -> None:
    tz = zoneinfo.ZoneInfo(zone)
    wall = at.astimezone(tz)
    # Hours that no clock change of these zones touches.
    expected = str(wall.weekday()) in weekdays and dt.time(9) <= wall.time() < dt.time(13)

    assert (open_now(rule(MORNING, weekdays=weekdays), at, tz) is not None) is expected
