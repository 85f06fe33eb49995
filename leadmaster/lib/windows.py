"""Windows of a day as people write them: 09:00–13:00, and 22:00–02:00 for one that goes on after midnight.

A window is from its opening up to, not including, its closing. 00:00 as the closing is the end of the day.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Final

Times = tuple[dt.time, dt.time]
MIDNIGHT: Final = dt.time(0)
_DAY: Final = dt.timedelta(days=1)


def since_midnight(at: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def goes_over_midnight(opens: dt.time, closes: dt.time) -> bool:
    return MIDNIGHT < closes < opens


def end_of(opens: dt.time, closes: dt.time) -> dt.timedelta:
    """When it closes, since the midnight before it opens: more than a day for one that goes on after midnight."""
    if closes == MIDNIGHT:
        return _DAY
    return since_midnight(closes) + (_DAY if goes_over_midnight(opens, closes) else dt.timedelta())


def is_empty(opens: dt.time, closes: dt.time) -> bool:
    """It closes as it opens; both at 00:00 are the whole day."""
    return opens == closes != MIDNIGHT


def of_the_day(windows: Iterable[Times]) -> list[Times]:
    """What lies in the day in which they open, in order."""
    return sorted((opens, MIDNIGHT if goes_over_midnight(opens, closes) else closes) for opens, closes in windows)


def of_the_next_day(windows: Iterable[Times]) -> list[Times]:
    """What they have left after midnight."""
    return sorted((MIDNIGHT, closes) for opens, closes in windows if goes_over_midnight(opens, closes))


def overlap(windows: Iterable[Times], *, every_day: bool) -> bool:
    """Whether two of them are open at once. `every_day`: also one after midnight with the next day's."""
    spans = sorted((since_midnight(opens), end_of(opens, closes)) for opens, closes in windows)
    if every_day and spans:
        first, last = spans[0], spans[-1]
        spans.append((first[0] + _DAY, max(first[0] + _DAY, last[1])))
    return any(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))
