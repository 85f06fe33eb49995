"""Dates as people write them: `3/4/2026` is the third of April, but in the United States. The one reader of dates."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

_MONTH_FIRST = {"US", "PH", "PR"}
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{4})(\d\d)(\d\d)")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d\d)")
_NAMED = re.compile(
    r"(\d{1,2})(?:o|a|er|st|nd|rd|th)?(?:\s+(?:de\s+|of\s+)?|[-/.])([a-z]{3,10})\.?(?:,?\s+(?:del?\s+)?|[-/.])(\d{4}|\d\d)"
)
_MONTH_NAMED_FIRST = re.compile(r"([a-z]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(?:del?\s+)?(\d{4})")
_WEEKDAY = re.compile(
    r"(?:lun|mar|mie|jue|vie|sab|dom|seg|ter|qua|qui|sex|mon|tue|wed|thu|fri|sat|sun)[a-z]*(?:-feira)?\.?,?\s+(?=[0-9]|[a-z])"
)
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,]\d+)?(?:\s*([ap])\.?\s?m\b\.?|\s*(?:hs?|hrs)\b\.?)?"
    r"(?:\s*(z|utc|gmt|[+-]\d\d:?\d\d))?"
)
# The first three letters in Spanish, Portuguese and English.
_MONTHS = (
    {"ene", "jan"}, {"feb", "fev"}, {"mar"}, {"abr", "apr"}, {"may", "mai"}, {"jun"},
    {"jul"}, {"ago", "aug"}, {"sep", "set"}, {"oct", "out"}, {"nov"}, {"dic", "dez", "dec"},
)  # fmt: skip
_MONTH_NAME = re.compile(
    r"(?:[a-z]{3}|sept|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre|janeiro"
    r"|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro|january|february|march|april|june|july|august"
    r"|september|october|november|december)"
)
# `75` is 1975 and `26` is 2026.
_LAST_OF_THIS_CENTURY = 68


def read_date(text: str, *, region: str) -> dt.date | None:
    """The date in `text`, whatever time follows it; None for what is no date."""
    moment = read_moment(text, region=region)
    return None if moment is None else moment.date()


def read_moment(text: str, *, region: str) -> dt.datetime | None:
    """The date and the time on somebody's clock, with its offset where one is written; midnight without a time."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().strip()[:60]
    # "Mar" is March and Tuesday: the day's name is taken off where nothing is read with it.
    for written in (plain, _WEEKDAY.sub("", plain, count=1)):
        for pattern in (_YEAR_FIRST, _YEAR_LAST, _NAMED, _MONTH_NAMED_FIRST):
            match = pattern.match(written)
            if match:
                day, time = _date(pattern, match, region=region), _time(written[match.end() :])
                return dt.datetime.combine(day, time) if day is not None and time is not None else None
    return None


def _date(pattern: re.Pattern[str], match: re.Match[str], *, region: str) -> dt.date | None:
    parts = [part for part in match.groups() if part is not None]
    if pattern is _YEAR_FIRST:
        year, month, day = map(int, parts)
        return _made(year, month, day)
    year = _year(parts[2])
    if pattern is _NAMED:
        return _made(year, _month(parts[1]), int(parts[0]))
    if pattern is _MONTH_NAMED_FIRST:
        return _made(year, _month(parts[0]), int(parts[1]))
    first, second = int(parts[0]), int(parts[1])
    usual, other = ((first, second), (second, first)) if region in _MONTH_FIRST else ((second, first), (first, second))
    # Where only one of the two ways is a date, it is that one.
    return _made(year, *usual) or _made(year, *other)


def _month(word: str) -> int:
    """0 for a word that names none."""
    if not _MONTH_NAME.fullmatch(word):
        return 0
    return next((number for number, names in enumerate(_MONTHS, start=1) if word[:3] in names), 0)


def _year(text: str) -> int:
    if len(text) == 4:
        return int(text)
    return int(text) + (2000 if int(text) <= _LAST_OF_THIS_CENTURY else 1900)


def _made(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _time(rest: str) -> dt.time | None:
    """The time that follows a date; None when what follows is none."""
    text = rest.removeprefix("t").lstrip(" ,")
    if not text:
        return dt.time()
    match = _TIME.fullmatch(text)
    if match is None or rest[:1].isdigit():
        return None
    hour = int(match[1])
    if match[4]:
        # "12:30 a. m." is half past midnight.
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (match[4] == "p")
    try:
        return dt.time(hour, int(match[2]), int(match[3] or 0), tzinfo=_offset(match[5]))
    except ValueError:
        return None


def _offset(text: str | None) -> dt.timezone | None:
    """Raises ValueError for one that no place has."""
    if not text:
        return None
    if text[0] not in "+-":
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    return dt.timezone((1 if text[0] == "+" else -1) * dt.timedelta(hours=hours, minutes=minutes))
