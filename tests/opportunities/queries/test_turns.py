"""The turn that people think in: windows that touch are one, over midnight too."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from leadmaster.calendars.arithmetic import ALL_DAY, CLOSED, Calendar, Hours
from opportunities.queries.time_left import shift_of

ROME = zoneinfo.ZoneInfo("Europe/Rome")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ROME)


def windows(*spoken: str) -> Hours:
    pairs = [text.split("-") for text in spoken]
    return Hours.of(*[(dt.time.fromisoformat(opens), dt.time.fromisoformat(closes)) for opens, closes in pairs])


NIGHT = Calendar((windows("00:00-06:00", "22:00-00:00"),) * 7, ROME)


@pytest.mark.parametrize(
    ("calendar", "now", "opens", "closes", "lunch"),
    [
        (NIGHT, "2026-03-04 23:30", "2026-03-04 23:30", "2026-03-05 06:00", False),
        (NIGHT, "2026-03-05 02:00", "2026-03-05 02:00", "2026-03-05 06:00", False),
        (NIGHT, "2026-03-05 12:00", "2026-03-05 22:00", "2026-03-06 06:00", False),
        # The same as one window.
        (Calendar((windows("22:00-06:00"),) * 7, ROME), "2026-03-04 23:30", "2026-03-04 23:30", "2026-03-05 06:00", False),
        (Calendar((windows("22:00-06:00"),) * 7, ROME), "2026-03-05 02:00", "2026-03-05 02:00", "2026-03-05 06:00", False),
        # Clocks go forward in this night, and back in the other one.
        (NIGHT, "2026-03-28 23:00", "2026-03-28 23:00", "2026-03-29 06:00", False),
        (NIGHT, "2026-10-24 23:00", "2026-10-24 23:00", "2026-10-25 06:00", False),
        (Calendar((windows("09:00-13:00", "13:00-18:00"),) * 7, ROME), "2026-03-04 10:00", "2026-03-04 10:00",
         "2026-03-04 18:00", False),
        (Calendar((windows("09:00-13:00", "14:00-18:00"),) * 7, ROME), "2026-03-04 10:00", "2026-03-04 10:00",
         "2026-03-04 13:00", True),
        # From Friday evening without a break to Sunday noon.
        (Calendar((CLOSED,) * 4 + (windows("20:00-00:00"), ALL_DAY, windows("00:00-12:00")), ROME),
         "2026-03-06 21:00", "2026-03-06 21:00", "2026-03-08 12:00", False),
        (Calendar((ALL_DAY,) * 7, ROME), "2026-03-04 10:00", "2026-03-04 10:00", None, False),
    ],
)  # fmt: skip
def test_a_turn_ends_where_the_windows_that_touch_end(
    calendar: Calendar, now: str, opens: str, closes: str | None, lunch: bool
) -> None:
    shift = shift_of(calendar, at(now))

    assert shift.opens == at(opens)
    assert shift.closes == (None if closes is None else at(closes))
    assert shift.lunch is lunch
    assert shift.running is (at(opens) == at(now))
