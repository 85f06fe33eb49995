"""What a cell of the old database says. None is nothing; what nobody can read raises `Unreadable`."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import zoneinfo
from typing import Final

from leadmaster.lib.mojibake import restored

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?)?")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?")
_NUMBER = re.compile(r"[+-]?\d{1,18}")
_TRUE: Final = frozenset({"1", "s", "si", "sí", "y", "yes", "t", "true", "\x01"})
_END_OF_DAY = dt.time(0, 0)


class Unreadable(ValueError):
    """This cell says something that nobody can read as what it should be."""


def text(value: str | None) -> str:
    """Without blanks at the ends, and with its accents again where somebody read it wrongly once."""
    if value is None:
        return ""
    return restored(value.replace("\x00", "").strip())


def number(value: str | None) -> int | None:
    """Raises Unreadable."""
    plain = text(value)
    if not plain:
        return None
    if _NUMBER.fullmatch(plain) is None:
        raise Unreadable(plain)
    return int(plain)


def reference(value: str | None) -> int | None:
    """A row of another table. Zero is no row, as the old pages wrote it; so is what is no number."""
    try:
        return number(value) or None
    except Unreadable:
        return None


def amount(value: str | None) -> decimal.Decimal | None:
    """Raises Unreadable."""
    plain = text(value)
    if not plain:
        return None
    try:
        found = decimal.Decimal(plain)
    except decimal.InvalidOperation:
        raise Unreadable(plain) from None
    if not found.is_finite():
        raise Unreadable(plain)
    return found


def truth(value: str | None) -> bool:
    return text(value).lower() in _TRUE


def wall_clock(value: str | None) -> dt.datetime | None:
    """A time on the old server's clock. Raises Unreadable, for 0000-00-00 too."""
    plain = text(value)
    if not plain:
        return None
    match = _MOMENT.fullmatch(plain)
    try:
        if match is None:
            raise Unreadable(plain)
        found = dt.datetime.fromisoformat(f"{match[1]} {match[2] or '00:00:00'}")
    except ValueError:
        raise Unreadable(plain) from None
    return found.replace(microsecond=int(float(match[3]) * 1_000_000)) if match[3] else found


def moment(value: str | None, tz: zoneinfo.ZoneInfo) -> dt.datetime | None:
    """The instant, of a clock in `tz`. Raises Unreadable."""
    clock = wall_clock(value)
    return None if clock is None else clock.replace(tzinfo=tz).astimezone(dt.UTC)


def day(value: str | None) -> dt.date | None:
    """Raises Unreadable."""
    clock = wall_clock(value)
    return None if clock is None else clock.date()


def time_of_day(value: str | None) -> dt.time | None:
    """24:00 and 23:59:59 are the end of the day, which is written 00:00. Raises Unreadable."""
    plain = text(value)
    if not plain:
        return None
    match = _TIME.fullmatch(plain)
    if match is None:
        raise Unreadable(plain)
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if (hours, minutes) in {(24, 0), (23, 59)}:
        return _END_OF_DAY
    try:
        return dt.time(hours, minutes, seconds)
    except ValueError:
        raise Unreadable(plain) from None
