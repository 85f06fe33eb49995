"""A change of hours, holidays or a stage's timer moves clocks that run already: shown first, then done in one piece.

What has passed stays passed: the operating time that is left by the old hours is counted by the new ones, from the
moment of the change. Overdue rows stay where they are. Clocks that an absence stopped hold seconds, not dates, so new
hours don't touch them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import NOTHING, Calendar
from leadmaster.calendars.models import OperatingCalendar, values_of
from leadmaster.calendars.rehearsal import Move, Rehearsal, rehearse, what_is_left
from leadmaster.lib.db import retrying
from opportunities import states
from opportunities.enums import OpportunityState
from opportunities.models import Desk, Opportunity, Stage
from opportunities.querysets import OpportunityQuerySet
from opportunities.states import Countdown
from opportunities.timers import after, is_overdue, time_left

_CHUNK = 500


def rehearse_calendar(calendar: OperatingCalendar, *, new: Calendar, now: dt.datetime) -> Rehearsal[int]:
    """Which open deadlines move, and where to, if `calendar` came to say `new`. Writes nothing; memory as the timers.

    Raises NeverOpens for hours that would never end a timer.
    """
    old = calendar.as_value()
    running = _running(calendar, now).values_list("id", "deadline")
    left = (what_is_left(pk, end, now=now, calendar=old) for pk, end in running.iterator(chunk_size=_CHUNK) if end)
    return rehearse(left, old=old, new=new)


def change_calendar(
    calendar: OperatingCalendar, save: Callable[[], object], *, by: User, now: dt.datetime, reason: str = ""
) -> int:
    """Run `save`, which writes the new hours or holidays, and move the open timers by them; returns how many moved.

    One transaction: nobody sees new hours with old deadlines, and a death in between leaves both as they were.
    """

    def once() -> int:
        with transaction.atomic(durable=True):
            OperatingCalendar.objects.select_for_update().get(pk=calendar.pk)
            old = values_of([calendar])[calendar.pk]
            save()
            new = values_of([OperatingCalendar.objects.get(pk=calendar.pk)])[calendar.pk]
            if new == old:
                return 0
            return _move_all(calendar, old=old, new=new, by=by, now=now, reason=reason or _("Cambió el horario."))

    return retrying(once)


def rehearse_stage(stage: Stage, *, timer_minutes: int | None, now: dt.datetime) -> Rehearsal[int]:
    """Which open deadlines move if this stage's timer came to be so long. Clocks that start or end are not moves."""
    moves, unchanged = [], 0
    calendars = _calendars()
    for row in _in_stage(stage).iterator(chunk_size=_CHUNK):
        clock = _by_stage(row, stage, timer_minutes, calendar=calendars[row.team_id], now=now)
        if row.deadline is None or clock.deadline is None or clock.deadline == row.deadline:
            unchanged += 1
        else:
            moves.append(Move(row.pk, row.deadline, clock.deadline))
    return Rehearsal(unchanged=unchanged, moves=tuple(sorted(moves, key=lambda move: move.before)))


def change_stage(stage: Stage, *, timer_minutes: int | None, by: User, now: dt.datetime, reason: str = "") -> int:
    """Write the stage's new timer and move the clocks of what is in it; returns how many moved.

    A longer timer gives the difference to each, a shorter one takes it; who has less than that left is overdue now.
    A stage that had none starts the clocks now, and one that loses its timer stops them for good.
    """

    def once() -> int:
        with transaction.atomic(durable=True):
            old = Stage.objects.select_for_update().get(pk=stage.pk)
            Stage.objects.filter(pk=stage.pk).update(timer_minutes=timer_minutes)
            calendars = _calendars()
            moved = 0
            for rows in _locked(_in_stage(old)):
                clocks = {
                    row: _by_stage(row, old, timer_minutes, calendar=calendars[row.team_id], now=now)
                    for row in rows
                    if row.stage_id == old.pk
                }
                moved += _retime(clocks, by=by, now=now, reason=reason or _("Cambió el plazo de la etapa."))
            return moved

    moved = retrying(once)
    stage.timer_minutes = timer_minutes
    return moved


# --- Private ----------------------------------------------------------------------------------------------------------


def _move_all(
    calendar: OperatingCalendar, *, old: Calendar, new: Calendar, by: User, now: dt.datetime, reason: str
) -> int:
    moved = 0
    for rows in _locked(_running(calendar, now)):
        clocks = {}
        for row in rows:
            left = time_left(row, calendar=old, now=now)
            if row.deadline is not None and left:
                clocks[row] = Countdown(deadline=after(left, calendar=new, now=now))
        moved += _retime(clocks, by=by, now=now, reason=reason)
    return moved


def _by_stage(
    row: Opportunity, stage: Stage, timer_minutes: int | None, *, calendar: Calendar, now: dt.datetime
) -> Countdown:
    """The row's clock if its stage's timer came to be so long."""
    if timer_minutes is None:
        return Countdown()
    if is_overdue(row, now):
        return Countdown(deadline=row.deadline)
    change = dt.timedelta(minutes=timer_minutes - (stage.timer_minutes or 0))
    left = max((time_left(row, calendar=calendar, now=now) or NOTHING) + change, NOTHING)
    if row.paused_seconds is not None:
        return Countdown(paused_seconds=int(left.total_seconds()))
    return Countdown(deadline=after(left, calendar=calendar, now=now) if left else now)


def _retime(clocks: dict[Opportunity, Countdown], *, by: User, now: dt.datetime, reason: str) -> int:
    changed = {
        row: clock
        for row, clock in clocks.items()
        if (row.deadline, row.paused_seconds) != (clock.deadline, clock.paused_seconds)
    }
    states.retime(changed, now=now, by=by, reason=reason)
    return len(changed)


def _locked(rows: OpportunityQuerySet) -> Iterator[list[Opportunity]]:
    """These rows, locked a chunk at a time in the order of their clients, without those that are not active any more."""
    ids = [pk for pk, _client in sorted(rows.values_list("id", "client_id"), key=lambda pair: pair[1])]
    for start in range(0, len(ids), _CHUNK):
        locked = states.lock(ids[start : start + _CHUNK])
        yield [row for row in locked if row.state == OpportunityState.ACTIVE]


def _running(calendar: OperatingCalendar, now: dt.datetime) -> OpportunityQuerySet:
    teams = Desk.objects.filter(calendar=calendar).values("team")
    return Opportunity.objects.active().filter(team__in=teams, deadline__gt=now)


def _in_stage(stage: Stage) -> OpportunityQuerySet:
    return Opportunity.objects.active().filter(stage=stage)


def _calendars() -> dict[int, Calendar]:
    """The hours of each team's desk."""
    desks = Desk.objects.select_related("calendar")
    values = values_of({desk.calendar for desk in desks})
    return {desk.team_id: values[desk.calendar_id] for desk in desks}
