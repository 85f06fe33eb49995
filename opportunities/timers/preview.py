"""Which open clocks a change of hours or timers would move, and by how much, before anybody saves it. Writes nothing.

A look at a great many would keep the person waiting: the nearest `MOST` are worked out, the others are only counted.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt

from django.utils.translation import ngettext

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OperatingCalendar, values_of
from leadmaster.calendars.preview import Move, Rehearsal, rehearse, what_is_left
from opportunities.clocks.changes import NewTimer, away, hours_of_teams
from opportunities.clocks.countdown import countdown_of
from opportunities.models import Desk, Stage
from opportunities.querysets import OpportunityQuerySet
from opportunities.timers.recalculation import running_by, standing_in

MOST = 10_000
_CHUNK = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskRehearsal(Rehearsal[int]):
    """Of the nearest clocks; `unseen` ones end later and were not worked out."""

    unseen: int = 0

    @property
    def touches(self) -> int:
        """Whether there is anything to agree to."""
        return len(self.moves) + self.unseen


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageRehearsal(DeskRehearsal):
    """Beside the deadlines that move, the clocks that would `start` or `stop`, and those that stand `paused` for an
    absence and would keep more or less time."""

    start: int
    stop: int
    paused: int

    @property
    def touches(self) -> int:
        return super().touches + self.start + self.stop + self.paused


def rehearse_calendar(calendar: OperatingCalendar, *, new: Calendar, now: dt.datetime) -> DeskRehearsal:
    """If `calendar` came to say `new`. Raises NeverOpens for hours that would never end a timer."""
    running = running_by(Desk.objects.filter(calendar=calendar), now=now)
    return _rehearse(running, old=calendar.as_value(), new=new, now=now)


def rehearse_desk(desk: Desk, *, calendar: OperatingCalendar, now: dt.datetime) -> DeskRehearsal:
    """If this team came to work by another calendar. Raises NeverOpens."""
    values = values_of([desk.calendar, calendar])
    running = running_by(Desk.objects.filter(pk=desk.pk), now=now)
    return _rehearse(running, old=values[desk.calendar_id], new=values[calendar.pk], now=now)


def rehearse_stage(stage: Stage, *, timer_minutes: int | None, now: dt.datetime) -> StageRehearsal:
    """What becomes of the clocks in this stage if its timer came to be so long."""
    change = NewTimer(old=stage.timer_minutes, new=timer_minutes, calendars=hours_of_teams(), away=away(), at=now)
    moves: list[Move[int]] = []
    counts: collections.Counter[str] = collections.Counter()
    rows = standing_in(stage)
    for row in rows.order_by("deadline", "id")[:MOST].iterator(chunk_size=_CHUNK):
        clock = change.clock_of(row)
        if clock == countdown_of(row):
            counts["unchanged"] += 1
        elif row.deadline is not None and clock.deadline is not None:
            moves.append(Move(row.pk, row.deadline, clock.deadline))
        elif row.deadline is None and row.paused_seconds is None:
            counts["start"] += 1
        elif clock.deadline is None and clock.paused_seconds is None:
            counts["stop"] += 1
        else:
            counts["paused"] += 1
    return StageRehearsal(
        unchanged=counts["unchanged"],
        moves=tuple(sorted(moves, key=lambda move: move.before)),
        unseen=_beyond(rows, len(moves) + counts.total()),
        start=counts["start"],
        stop=counts["stop"],
        paused=counts["paused"],
    )


def unread(touched: int) -> str:
    """To whoever sends a change of so many clocks that nobody has looked at."""
    return ngettext(
        "Este cambio toca %(n)d plazo abierto: ensáyalo primero y manda lo que responda en «rehearsed».",
        "Este cambio toca %(n)d plazos abiertos: ensáyalo primero y manda lo que responda en «rehearsed».",
        touched,
    ) % {"n": touched}


def _rehearse(running: OpportunityQuerySet, *, old: Calendar, new: Calendar, now: dt.datetime) -> DeskRehearsal:
    nearest = running.order_by("deadline", "id").values_list("id", "deadline", "held_until")[:MOST]
    left = [what_is_left(pk, end, now=max(now, held or now), calendar=old) for pk, end, held in nearest if end]
    found = rehearse(left, old=old, new=new)
    return DeskRehearsal(unchanged=found.unchanged, moves=found.moves, unseen=_beyond(running, len(left)))


def _beyond(rows: OpportunityQuerySet, seen: int) -> int:
    return rows.order_by().count() - seen if seen == MOST else 0
