"""A calendar's value as JSON keeps it: the hours that counted at some moment, whatever the tables say afterwards."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zoneinfo
from typing import Any

from leadmaster.calendars.arithmetic import Calendar, Hours


def as_json(calendar: Calendar) -> dict[str, Any]:
    return {
        "time_zone": calendar.tz.key,
        "week": [_written(hours) for hours in calendar.week],
        "holidays": {date.isoformat(): _written(hours) for date, hours in sorted(calendar.holidays.items())},
    }


def from_json(kept: dict[str, Any]) -> Calendar:
    """What `as_json` wrote, as a value that is equal to it."""
    return Calendar(
        tuple(_read(windows) for windows in kept["week"]),
        zoneinfo.ZoneInfo(kept["time_zone"]),
        {dt.date.fromisoformat(date): _read(windows) for date, windows in kept["holidays"].items()},
    )


def fingerprint(calendar: Calendar) -> str:
    """The same for the same hours, on any machine and in any process; another one for any other hours."""
    return hashlib.sha256(json.dumps(as_json(calendar), sort_keys=True).encode()).hexdigest()[:32]


def _written(hours: Hours) -> list[list[str]]:
    return [[opens.isoformat(), closes.isoformat()] for opens, closes in hours.windows]


def _read(windows: list[list[str]]) -> Hours:
    return Hours.of(*[(dt.time.fromisoformat(opens), dt.time.fromisoformat(closes)) for opens, closes in windows])
