"""Every way in which a clock is set. Whatever decides it (hours, timer, absence) is read here and held, nowhere else.

What has passed stays passed: whoever stops a clock, or lets it go on, counts from when it last began to count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from leadmaster.calendars.arithmetic import Calendar
from opportunities.clocks.countdown import (
    Countdown,
    after,
    clocks_stopped,
    counts_since,
    deadline_for,
    seconds_left,
)
from opportunities.clocks.terms import first_stage, hours_of, stages_of
from opportunities.models import Opportunity, Promoter, Stage


class Entered(NamedTuple):
    """A stage as it is now, and the clock of what enters it."""

    stage: Stage
    clock: Countdown


def entering(stage_id: int | None, owner: Promoter, *, now: dt.datetime, present: bool = False) -> Entered:
    """For a row that enters this stage, or the first one, in these hands. While an absence stops its owner's clocks it
    starts stopped; `present` says that somebody has just looked. Raises Incomplete and Stage.DoesNotExist."""
    calendar = hours_of(owner.desk.team_id)
    stage = first_stage() if stage_id is None else _stage(stage_id)
    if stage.timer_minutes is None:
        return Entered(stage, Countdown())
    if not present and clocks_stopped(owner):
        return Entered(stage, Countdown(paused_seconds=stage.timer_minutes * 60))
    return Entered(stage, Countdown(deadline=deadline_for(stage, calendar=calendar, now=now)))


def again(seconds: float | None, stage_id: int, owner: Promoter, *, now: dt.datetime) -> Countdown:
    """For a row that comes back to this stage with the operating time that it had left, as far as today's timer goes.

    None where the stage has no timer any more, the whole timer where it had none then. What was overdue is so again.
    """
    calendar = hours_of(owner.desk.team_id)
    stage = _stage(stage_id)
    if stage.timer_minutes is None:
        return Countdown()
    whole = stage.timer_minutes * 60
    left = whole if seconds is None else min(int(seconds), whole)
    if clocks_stopped(owner):
        return Countdown(paused_seconds=left)
    if not left:
        return Countdown(deadline=now)
    return Countdown(deadline=after(dt.timedelta(seconds=left), calendar=calendar, now=now))


def stopping(rows: Sequence[Opportunity], *, calendar: Calendar, since: dt.datetime) -> dict[Opportunity, Countdown]:
    """For those of these rows whose clocks run and stop at `since`, or when they last began to count. The calendar is
    held, and so are the rows' stages (`locking.lock_with_terms`)."""
    clocks = {}
    for row in rows:
        if row.deadline is not None:
            stops = max(since, counts_since(row))
            clocks[row] = Countdown(paused_seconds=seconds_left(row, calendar=calendar, now=stops), since=stops)
    return clocks


def going_on(rows: Sequence[Opportunity], *, calendar: Calendar, since: dt.datetime) -> dict[Opportunity, Countdown]:
    """For those of these rows whose clocks stand and go on at `since`, or when they last began to count. Held likewise."""
    clocks = {}
    for row in rows:
        if row.paused_seconds is not None:
            goes_on, left = max(since, counts_since(row)), dt.timedelta(seconds=row.paused_seconds)
            clocks[row] = Countdown(deadline=after(left, calendar=calendar, now=goes_on), since=goes_on)
    return clocks


def as_it_is(row: Opportunity) -> Countdown:
    """For an active row that is written again: the clock that it has, counting since it did. Of two the one that runs:
    that is what its owner saw."""
    paused = None if row.deadline is not None else row.paused_seconds
    return Countdown(deadline=row.deadline, paused_seconds=paused, since=row.clock_since)


def ending(row: Opportunity, at: dt.datetime) -> Countdown:
    """For a row whose end was counted again: the same clock, with this end."""
    return Countdown(deadline=at, since=row.clock_since)


def _stage(stage_id: int) -> Stage:
    found = stages_of([stage_id]).get(stage_id)
    if found is None:
        raise Stage.DoesNotExist(f"stage {stage_id} is gone")
    return found
