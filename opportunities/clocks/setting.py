"""Every way in which a clock is set. Whatever decides it (hours, timer, absence) is read here and held, nowhere else.

What has passed stays passed: whoever stops a clock, or lets it go on, counts from when it last began to count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar
from opportunities.clocks.countdown import (
    Countdown,
    after,
    clocks_stopped,
    counts_from,
    counts_since,
    deadline_for,
    is_overdue,
    left_of,
    seconds_left,
    time_left,
)
from opportunities.clocks.terms import first_stage, hours_of, stages_of
from opportunities.errors import WrongState
from opportunities.models import Opportunity, Promoter, Stage


class Entered(NamedTuple):
    """A stage as it is now, and the clock of what enters it."""

    stage: Stage
    clock: Countdown


def entering(
    stage_id: int | None,
    owner: Promoter,
    *,
    now: dt.datetime,
    present: bool = False,
    held_until: dt.datetime | None = None,
) -> Entered:
    """For a row that enters this stage, or the first one, in these hands. While an absence stops its owner's clocks it
    starts stopped; `present` says that somebody has just looked. `held_until` is a date that it waits for already.
    Raises Incomplete and Stage.DoesNotExist."""
    calendar = hours_of(owner.desk.team_id)
    stage = first_stage() if stage_id is None else _stage(stage_id)
    if stage.timer_minutes is None:
        return Entered(stage, Countdown())
    if not present and clocks_stopped(owner):
        return Entered(stage, Countdown(paused_seconds=stage.timer_minutes * 60, held_until=held_until))
    end = deadline_for(stage, calendar=calendar, now=max(now, held_until or now))
    return Entered(stage, Countdown(deadline=end, held_until=held_until))


def again(
    seconds: float | None, stage_id: int, owner: Promoter, *, now: dt.datetime, held_until: dt.datetime | None = None
) -> Countdown:
    """For a row that comes back to this stage with the operating time that it had left, as far as today's timer goes, and
    with the date that it waited for.

    None where the stage has no timer any more, the whole timer where it had none then. What was overdue is so again.
    """
    calendar = hours_of(owner.desk.team_id)
    stage = _stage(stage_id)
    if stage.timer_minutes is None:
        return Countdown()
    whole = stage.timer_minutes * 60
    left = whole if seconds is None else min(int(seconds), whole)
    if clocks_stopped(owner):
        return Countdown(paused_seconds=left, held_until=held_until)
    start = max(now, held_until or now)
    end = after(dt.timedelta(seconds=left), calendar=calendar, now=start) if left else start
    return Countdown(deadline=end, held_until=held_until)


def taken_back(
    stage_id: int,
    owner: Promoter,
    *,
    deadline: dt.datetime | None,
    paused_seconds: int | None,
    held_until: dt.datetime | None,
    at: dt.datetime,
    now: dt.datetime,
) -> Countdown:
    """For a row whose step of `at` is taken back: what was left of this clock then, from now on."""
    was = Countdown(deadline=deadline, paused_seconds=paused_seconds, held_until=held_until)
    left = left_of(was, calendar=hours_of(owner.desk.team_id), now=at)
    seconds = None if left is None else left.total_seconds()
    return again(seconds, stage_id, owner, now=now, held_until=held_until)


def holding(row: Opportunity, until: dt.datetime, *, now: dt.datetime) -> Countdown:
    """For a worked row whose client asked for a date: nothing counts until then, or until the stage's limit.

    The limit is operating time since the first such wait in this stage: whoever renews it gains nothing. Raises WrongState
    where the stage waits for nobody, where its limit is over, and for what has no clock or is overdue.
    """
    calendar = hours_of(row.team_id)
    stage = _stage(row.stage_id or 0)
    if row.deadline is None and row.paused_seconds is None:
        raise WrongState(_("Esta oportunidad no tiene un plazo que detener."))
    if is_overdue(row, now):
        raise WrongState(_("El plazo de la oportunidad #%(id)s ya venció: vuelve al pool.") % {"id": row.pk})
    if stage.hold_minutes is None:
        raise WrongState(
            _("En la etapa “%(stage)s” el plazo no espera: guarda el recordatorio sin eso.") % {"stage": stage}
        )
    first = row.hold_since or now
    latest = after(dt.timedelta(minutes=stage.hold_minutes), calendar=calendar, now=first)
    if latest <= now:
        raise WrongState(_("El plazo ya esperó todo lo que la etapa permite: guarda el recordatorio sin eso."))
    return _waiting(row, min(until, latest), calendar=calendar, now=now)


def letting_go(row: Opportunity, *, now: dt.datetime) -> Countdown:
    """For a row whose client need not be waited for any more: what is left counts from now on."""
    calendar = hours_of(row.team_id)
    stages_of([row.stage_id] if row.stage_id is not None else [])
    return _waiting(row, None, calendar=calendar, now=now)


def _waiting(row: Opportunity, until: dt.datetime | None, *, calendar: Calendar, now: dt.datetime) -> Countdown:
    """What is left of it counts from `until` on. What has passed since it last began to count has passed."""
    if row.deadline is None:
        return Countdown(paused_seconds=row.paused_seconds, since=row.clock_since, held_until=until)
    since = max(now, counts_since(row))
    left = time_left(row, calendar=calendar, now=since)
    start = since if until is None else max(since, until)
    end = after(left, calendar=calendar, now=start) if left else start
    return Countdown(deadline=end, since=since, held_until=until)


def stopping(rows: Sequence[Opportunity], *, calendar: Calendar, since: dt.datetime) -> dict[Opportunity, Countdown]:
    """For those of these rows whose clocks run and stop at `since`, or when they last began to count. The calendar is
    held, and so are the rows' stages (`locking.lock_with_terms`)."""
    clocks = {}
    for row in rows:
        if row.deadline is not None:
            stops = max(since, counts_since(row))
            left = seconds_left(row, calendar=calendar, now=stops)
            clocks[row] = Countdown(paused_seconds=left, since=stops, held_until=row.held_until)
    return clocks


def going_on(rows: Sequence[Opportunity], *, calendar: Calendar, since: dt.datetime) -> dict[Opportunity, Countdown]:
    """For those of these rows whose clocks stand and go on at `since`, or when they last began to count. Held likewise."""
    clocks = {}
    for row in rows:
        if row.paused_seconds is not None:
            goes_on, left = max(since, counts_since(row)), dt.timedelta(seconds=row.paused_seconds)
            end = after(left, calendar=calendar, now=counts_from(row, goes_on))
            clocks[row] = Countdown(deadline=end, since=goes_on, held_until=row.held_until)
    return clocks


def as_it_is(row: Opportunity) -> Countdown:
    """For an active row that is written again: the clock that it has, counting since it did. Of two the one that runs:
    that is what its owner saw."""
    paused = None if row.deadline is not None else row.paused_seconds
    return Countdown(deadline=row.deadline, paused_seconds=paused, since=row.clock_since, held_until=row.held_until)


def ending(row: Opportunity, at: dt.datetime) -> Countdown:
    """For a row whose end was counted again: the same clock, with this end."""
    return Countdown(deadline=at, since=row.clock_since, held_until=row.held_until)


def _stage(stage_id: int) -> Stage:
    found = stages_of([stage_id]).get(stage_id)
    if found is None:
        raise Stage.DoesNotExist(f"stage {stage_id} is gone")
    return found
