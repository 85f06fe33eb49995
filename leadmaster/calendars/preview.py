"""What a change of hours would do to timers, before anybody saves it. Pure: calendars and timers come as values."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from leadmaster.calendars.arithmetic import NOTHING, Calendar, add_operating_time, operating_time_between

Id = TypeVar("Id", bound=Hashable)


@dataclasses.dataclass(frozen=True, slots=True)
class Timer(Generic[Id]):
    """`duration` of operating time, counted from `started_at`."""

    id: Id
    started_at: dt.datetime
    duration: dt.timedelta


@dataclasses.dataclass(frozen=True, slots=True)
class Move(Generic[Id]):
    """Where a deadline is and where it would be. Both in UTC."""

    id: Id
    before: dt.datetime
    after: dt.datetime

    @property
    def shift(self) -> dt.timedelta:
        """Real time; positive when somebody gains."""
        return self.after - self.before


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rehearsal(Generic[Id]):
    """`moves` are the deadlines that would change, the nearest first; `lost` and `gained` the largest shifts."""

    unchanged: int
    moves: tuple[Move[Id], ...]

    @property
    def earlier(self) -> int:
        return sum(move.shift < NOTHING for move in self.moves)

    @property
    def later(self) -> int:
        return len(self.moves) - self.earlier

    @property
    def lost(self) -> dt.timedelta:
        return max([NOTHING, *(-move.shift for move in self.moves)])

    @property
    def gained(self) -> dt.timedelta:
        return max([NOTHING, *(move.shift for move in self.moves)])


def what_is_left(id: Id, deadline: dt.datetime, *, now: dt.datetime, calendar: Calendar) -> Timer[Id]:  # noqa: A002 - the timer's field
    """A running timer as what is left of it at `now`: what already passed stays passed, whatever hours come next.

    Nothing is left of one that is overdue.
    """
    return Timer(id, now, max(operating_time_between(now, deadline, calendar), NOTHING))


def rehearse(timers: Iterable[Timer[Id]], *, old: Calendar, new: Calendar) -> Rehearsal[Id]:
    """Which deadlines move, and where to. Raises NeverOpens when the new hours would never end a timer."""
    moves: list[Move[Id]] = []
    count = 0
    for move in _moves(timers, old=old, new=new):
        count += 1
        if move.shift:
            moves.append(move)
    moves.sort(key=lambda move: move.before)
    return Rehearsal(unchanged=count - len(moves), moves=tuple(moves))


def _moves(timers: Iterable[Timer[Id]], *, old: Calendar, new: Calendar) -> Iterator[Move[Id]]:
    for timer in timers:
        if not timer.duration:
            # Nothing is left to move: its end is where it stands.
            yield Move(timer.id, timer.started_at, timer.started_at)
            continue
        before = add_operating_time(timer.started_at, timer.duration, old)
        yield Move(timer.id, before, add_operating_time(timer.started_at, timer.duration, new))
