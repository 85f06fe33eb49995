"""The property tests are worth what their calendars contain: each word of the rules is really drawn."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from leadmaster.calendars.arithmetic import ALL_DAY, CLOSED, MIDNIGHT, Calendar, Hours
from tests.calendars.strategies import JUMPS, calendars

Place = tuple[Calendar, dt.date]

_DAY = dt.timedelta(days=1)
_look = settings(
    max_examples=3_000, deadline=None, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
)


def near(place: Place) -> list[dt.date]:
    """The days that the oracle looks at."""
    _calendar, day = place
    return [day + by * _DAY for by in range(-3, 7)]


def length(place: Place, date: dt.date) -> dt.timedelta:
    day = place[0].day(date)
    return day.ends - day.starts


def open_on_a_jump(place: Place, *, longer: bool) -> bool:
    return any(
        (length(place, date) > _DAY if longer else length(place, date) < _DAY) and place[0].day(date).stretches
        for date in near(place)
    )


def special(place: Place, wanted: Callable[[Hours, Hours], bool]) -> bool:
    """A holiday within reach whose hours, beside its weekday's, are as wanted."""
    calendar = place[0]
    return any(
        wanted(calendar.holidays[date], calendar.week[date.weekday()])
        for date in near(place)
        if date in calendar.holidays
    )


WORDS: dict[str, Callable[[Place], bool]] = {
    "several windows": lambda place: any(len(hours.windows) > 2 for hours in place[0].week),
    "lunch": lambda place: any(
        one.closes < other.opens
        for hours in place[0].week
        for one, other in zip(hours.windows, hours.windows[1:], strict=False)
    ),
    "windows that touch": lambda place: any(
        one.closes == other.opens
        for hours in place[0].week
        for one, other in zip(hours.windows, hours.windows[1:], strict=False)
    ),
    "a closed weekday": lambda place: CLOSED in place[0].week,
    "24:00": lambda place: any(hours.windows and hours.windows[-1].closes == MIDNIGHT for hours in place[0].week),
    "24:00 on the day of a jump": lambda place: any(
        length(place, date) != _DAY
        and place[0].hours_on(date).windows
        and place[0].hours_on(date).windows[-1].closes == MIDNIGHT
        for date in near(place)
    ),
    "midnight crossed without a break": lambda place: any(
        today.windows
        and tomorrow.windows
        and today.windows[-1].closes == MIDNIGHT
        and tomorrow.windows[0].opens == MIDNIGHT
        for today, tomorrow in zip(place[0].week, (*place[0].week[1:], place[0].week[0]), strict=True)
    ),
    "a holiday that closes": lambda place: special(
        place, lambda hours, usual: not hours.windows and bool(usual.windows)
    ),
    "special hours": lambda place: special(
        place, lambda hours, usual: bool(hours.windows) and bool(usual.windows) and hours != usual
    ),
    "a holiday that opens a closed day": lambda place: special(
        place, lambda hours, usual: bool(hours.windows) and not usual.windows
    ),
    "a day that is shorter": lambda place: open_on_a_jump(place, longer=False),
    "a day that is longer": lambda place: open_on_a_jump(place, longer=True),
    "a window that a jump swallows whole": lambda place: any(
        len(place[0].day(date).stretches) < len(place[0].hours_on(date).windows) for date in near(place)
    ),
    "a day that never was": lambda place: any(length(place, date) == dt.timedelta(0) for date in near(place)),
}


@pytest.mark.parametrize("word", WORDS)
def test_is_drawn(word: str) -> None:
    find(calendars(), WORDS[word], settings=_look)


@pytest.mark.parametrize("zone", sorted({zone for zone, _day in JUMPS}))
def test_each_zone_is_drawn(zone: str) -> None:
    find(calendars(), lambda place: place[0].tz.key == zone, settings=_look)


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, day in JUMPS if zone != "UTC"])
def test_each_named_day_has_a_jump_beside_it(zone: str, day: dt.date) -> None:
    """Or the zone's data changed, and the day is as any other. Where it did not jump, that is what is tried there."""
    place: Place = (Calendar((ALL_DAY,) * 7, zoneinfo.ZoneInfo(zone)), day)

    jumps = [date for date in near(place) if length(place, date) != _DAY]

    assert bool(jumps) is ((zone, day) != ("America/Mexico_City", dt.date(2026, 11, 16)))
