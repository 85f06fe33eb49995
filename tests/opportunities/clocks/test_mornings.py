"""«Mañana 9» is the next morning on which the desk works, by its own clock."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from leadmaster.calendars.arithmetic import Calendar
from opportunities.clocks.mornings import next_morning
from opportunities.errors import Incomplete
from tests.factories.opportunities import CalendarFactory

pytestmark = pytest.mark.django_db

UTC = dt.UTC


def calendar(*windows: tuple[int, int, int], zone: str = "UTC") -> Calendar:
    made = CalendarFactory.create(
        time_zone=zone, windows=[(day, dt.time(opens), dt.time(closes % 24)) for day, opens, closes in windows]
    )
    value: Calendar = made.as_value()
    return value


# A Wednesday.
NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        # Open all night and day, and from seven on: nine.
        ([(3, 0, 24)], (5, 9)),
        ([(3, 7, 18)], (5, 9)),
        # It opens at eleven; it opens after lunch again; it is over by eight.
        ([(3, 11, 18)], (5, 11)),
        ([(3, 6, 8), (3, 14, 18)], (5, 14)),
        ([(3, 2, 8)], (5, 2)),
        # Closed until Monday; and open today alone, which is a week away.
        ([(0, 8, 18)], (9, 9)),
        ([(2, 8, 18)], (11, 9)),
    ],
)
def test_the_next_morning_is_one_on_which_the_desk_works(
    windows: list[tuple[int, int, int]], expected: tuple[int, int]
) -> None:
    day, hour = expected
    assert next_morning(calendar(*windows), NOW) == dt.datetime(2026, 3, day, hour, tzinfo=UTC)


def test_tomorrow_is_the_desks_and_not_the_servers() -> None:
    always = [(day, 0, 24) for day in range(7)]
    late = dt.datetime(2026, 3, 5, 4, 0, tzinfo=UTC)

    # It is still Wednesday evening in Mexico City.
    found = next_morning(calendar(*always, zone="America/Mexico_City"), late)

    assert found == dt.datetime(2026, 3, 5, 9, tzinfo=zoneinfo.ZoneInfo("America/Mexico_City"))


def test_nine_is_nine_on_the_morning_after_the_clocks_change() -> None:
    always = [(day, 0, 24) for day in range(7)]
    saturday = dt.datetime(2026, 3, 7, 20, 0, tzinfo=UTC)

    found = next_morning(calendar(*always, zone="America/New_York"), saturday)

    assert found == dt.datetime(2026, 3, 8, 13, 0, tzinfo=UTC)


def test_hours_that_never_come_are_said_so() -> None:
    with pytest.raises(Incomplete, match="no abre nunca"):
        next_morning(calendar(), NOW)
