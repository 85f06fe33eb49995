"""The arithmetic of the forecast: campaigns in a queue, days with limits, windows with room. It knows no table.

Each day the campaigns take their turn, the first in the queue first. What one takes is bounded by the session's limit
of the day, by the caps of its schedules, and by the time that its windows leave free: a lane sends one message per
`seconds`, and time that an earlier campaign uses is gone for the later ones. Each day begins with free lanes: what a
message of yesterday still takes of a window that goes on past midnight is left out, at most one message of each lane.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import zoneinfo
from collections.abc import Sequence

from campaigns.windows import Rule, openings
from leadmaster.lib.clock import business_day, local_datetime

Interval = tuple[float, float]
_MIDNIGHT = dt.time(0, 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """What one schedule allows."""

    rule: Rule
    cap: int
    used_today: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """One campaign: what is left of it, and the seconds that one of its messages keeps a lane."""

    remaining: int
    seconds: float
    slots: tuple[Slot, ...]
    # Of `remaining`, those who may not be written to before these instants.
    waiting: tuple[tuple[dt.datetime, int], ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """The session that all of them share. `limit` is that of the days after the `first_limits`, which begin with today's."""

    limit: int
    lanes: int
    tz: zoneinfo.ZoneInfo
    used_today: int = 0
    first_limits: tuple[int, ...] = ()
    # The day that `used_today` is of, where the line has another one than its zone: see `WhatsAppSession.day_at`.
    day: dt.date | None = None

    def limit_of(self, ahead: int) -> int:
        """Of the day so many days after today."""
        return self.first_limits[max(0, ahead)] if ahead < len(self.first_limits) else self.limit


def project(jobs: Sequence[Job], *, line: Line, now: dt.datetime, horizon: int) -> list[tuple[dt.date, int]]:
    """The days of the last job of the queue and how many of its messages go out on each. Ends with it, or `horizon` days on."""
    if not jobs:
        return []
    left = [_batches(job) for job in jobs]
    today = business_day(now, line.tz)
    days: list[tuple[dt.date, int]] = []
    for ahead in range(horizon):
        if not any(count for _since, count in left[-1]):
            break
        day = today + dt.timedelta(days=ahead)
        taken = _one_day(jobs, left, day=day, line=line, now=now)
        if taken[-1]:
            days.append((day, taken[-1]))
    return days


Batch = tuple[float, int]


def _batches(job: Job) -> list[Batch]:
    """Since when how many of its messages may go: most at once, and those who rest afterwards."""
    later = [(since.timestamp(), count) for since, count in sorted(job.waiting)]
    return [(-math.inf, max(0, job.remaining - sum(count for _since, count in later))), *later]


def _one_day(jobs: Sequence[Job], left: list[list[Batch]], *, day: dt.date, line: Line, now: dt.datetime) -> list[int]:
    """How many each job sends on this day; what it has `left` is taken down."""
    today = line.day or business_day(now, line.tz)
    is_today = day <= today
    allowance = max(0, line.limit_of((day - today).days) - (line.used_today if is_today else 0))
    end_of_day = _instant(day + dt.timedelta(days=1), _MIDNIGHT, line.tz)
    free: list[Interval] = [(max(now.timestamp(), _instant(day, _MIDNIGHT, line.tz)), end_of_day)]
    counts = []
    for job, batches in zip(jobs, left, strict=True):
        sent = 0
        for slot in job.slots:
            room = max(0, slot.cap - (slot.used_today if is_today else 0))
            for opening in openings(slot.rule, day, line.tz):
                for at, (since, rest) in enumerate(batches):
                    window = (max(since, opening.opens.timestamp()), opening.closes.timestamp())
                    wanted = min(rest, allowance, room)
                    if wanted <= 0 or window[0] >= window[1]:
                        continue
                    count, free = _take(free, window, wanted=wanted, seconds=job.seconds, lanes=line.lanes)
                    sent, allowance, room = sent + count, allowance - count, room - count
                    batches[at] = (since, rest - count)
        counts.append(sent)
    return counts


def _take(
    free: list[Interval], window: Interval, *, wanted: int, seconds: float, lanes: int
) -> tuple[int, list[Interval]]:
    """Use the free time inside the window for up to `wanted` messages. Returns how many, and what stays free.

    A message that starts inside the window may end after it: the time it takes there is used too.
    """
    seconds = max(seconds, 0.001)
    sent, rest = 0, []
    busy_until = -math.inf
    for begin, end in free:
        start = max(begin, busy_until)
        if start >= end:
            continue
        first, last = max(start, window[0]), min(end, window[1])
        count = min(wanted - sent, lanes * math.ceil((last - first) / seconds)) if first < last else 0
        if count <= 0:
            rest.append((start, end))
            continue
        sent += count
        busy_until = first + math.ceil(count / lanes) * seconds
        rest.extend(part for part in ((start, first), (busy_until, end)) if part[0] < part[1])
    return sent, rest


def _instant(day: dt.date, at: dt.time, tz: zoneinfo.ZoneInfo) -> float:
    return local_datetime(day, at, tz).timestamp()
