"""Times as sources write them: real ones, ISO texts, seconds since 1970.

A cursor has to be compared by the source itself, so it is kept in the source's own writing (`RawMoment`, which JSON can
hold) and a new one is written like it.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Any, TypeAlias

RawMoment: TypeAlias = str | int | float

_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d.*)?")
# 1973 in milliseconds, the year 5138 in seconds.
_MILLISECONDS_FROM = 100_000_000_000


def as_raw(value: Any) -> RawMoment:
    """What a driver gave, as something that JSON keeps and the source compares well."""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return value
    return str(value)


def read(value: Any, tz: zoneinfo.ZoneInfo) -> dt.datetime | None:
    """The instant in UTC; None for what is no time. One without an offset is a wall clock of `tz`."""
    if value is None or value == "":
        return None
    try:
        moment = _parsed(value)
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=tz)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parsed(value: Any) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(0))
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    text = str(value).strip()
    return dt.datetime.fromisoformat(text) if _ISO.fullmatch(text) else None


def written_like(sample: RawMoment, moment: dt.datetime, tz: zoneinfo.ZoneInfo) -> RawMoment:
    """`moment` to the second, written as the source writes `sample`."""
    if isinstance(sample, int | float):
        seconds = int(moment.timestamp())
        return seconds * 1000 if abs(sample) >= _MILLISECONDS_FROM else seconds
    example = sample.strip()
    known = dt.datetime.fromisoformat(example)
    local = moment.astimezone(known.tzinfo or tz).replace(microsecond=0)
    if len(example) == len("2026-01-01"):
        return local.date().isoformat()
    separator = example[10]
    text = local.replace(tzinfo=None).isoformat(sep=separator)
    # The same way of writing the offset: the source may compare texts.
    offset = re.search(r"(Z|[+-]\d\d:?\d\d)$", example[11:])
    return text + (offset[1] if offset else "")
