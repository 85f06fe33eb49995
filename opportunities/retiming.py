"""A change of hours, holidays or a stage's timer moves clocks that run already: shown first, then done in one piece.

What has passed stays passed: the operating time that is left by the old hours is counted by the new ones, from the
moment of the change. Overdue rows stay where they are. Clocks that an absence stopped hold seconds, not dates, so new
hours don't touch them.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import NOTHING, Calendar
from leadmaster.calendars.models import OperatingCalendar, values_of
from leadmaster.calendars.rehearsal import Move, Rehearsal, rehearse, what_is_left
from leadmaster.lib.db import retrying
from leadmaster.lib.language import kept
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
    return _rehearse(_running(calendar, now), old=calendar.as_value(), new=new, now=now)


def change_calendar(
    calendar: OperatingCalendar, save: Callable[[], object], *, by: User, now: dt.datetime, reason: str = ""
) -> int:
    """Run `save`, which writes the new hours or holidays, and move the open timers by them; returns how many moved.

    One transaction: nobody sees new hours with old deadlines, and a death in between leaves both as they were.
    """

    def once() -> int:
        with transaction.atomic(durable=True):
            # As they are saved: a form has perhaps written the new zone on the caller's copy.
            saved = OperatingCalendar.objects.select_for_update().get(pk=calendar.pk)
            old = values_of([saved])[calendar.pk]
            save()
            new = values_of([OperatingCalendar.objects.get(pk=calendar.pk)])[calendar.pk]
            if new == old:
                return 0
            rows = _running(calendar, now)
            return _move_all(rows, old=old, new=new, by=by, now=now, reason=reason or _("Cambió el horario."))

    return retrying(once)


def rehearse_desk(desk: Desk, *, calendar: OperatingCalendar, now: dt.datetime) -> Rehearsal[int]:
    """Which open deadlines move if this team came to work by another calendar. Raises NeverOpens."""
    values = values_of([desk.calendar, calendar])
    return _rehearse(_running_of(desk, now), old=values[desk.calendar_id], new=values[calendar.pk], now=now)


def change_desk(desk: Desk, save: Callable[[], object], *, by: User, now: dt.datetime) -> int:
    """Run `save`, which may give the desk another calendar, and move its open timers by it; returns how many moved."""

    def once() -> int:
        with transaction.atomic(durable=True):
            saved = Desk.objects.select_for_update().get(pk=desk.pk)
            save()
            after_it = Desk.objects.select_related("calendar").get(pk=desk.pk)
            if after_it.calendar_id == saved.calendar_id:
                return 0
            values = values_of([saved.calendar, after_it.calendar])
            old, new = values[saved.calendar_id], values[after_it.calendar_id]
            rows = _running_of(desk, now)
            return _move_all(
                rows, old=old, new=new, by=by, now=now, reason=kept(gettext_lazy("Cambió el horario de la mesa."))
            )

    return retrying(once)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageRehearsal(Rehearsal[int]):
    """Beside the deadlines that move, the clocks that would `start` or `stop`, and those that stand `paused` for an
    absence and would keep more or less time."""

    start: int
    stop: int
    paused: int

    @property
    def touches(self) -> int:
        return len(self.moves) + self.start + self.stop + self.paused


def rehearse_stage(stage: Stage, *, timer_minutes: int | None, now: dt.datetime) -> StageRehearsal:
    """What becomes of the clocks in this stage if its timer came to be so long. Writes nothing."""
    moves: list[Move[int]] = []
    counts: collections.Counter[str] = collections.Counter()
    calendars = _calendars()
    for row in _in_stage(stage).iterator(chunk_size=_CHUNK):
        clock = _by_stage(row, stage, timer_minutes, calendar=calendars[row.team_id], now=now)
        if (row.deadline, row.paused_seconds) == (clock.deadline, clock.paused_seconds):
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
        start=counts["start"],
        stop=counts["stop"],
        paused=counts["paused"],
    )


def change_stage(
    stage: Stage,
    *,
    timer_minutes: int | None,
    by: User,
    now: dt.datetime,
    reason: str = "",
    save: Callable[[], object] | None = None,
) -> int:
    """Write the stage's new timer and move the clocks of what is in it; returns how many moved.

    A longer timer gives the difference to each, a shorter one takes it; who has less than that left is overdue now.
    A stage that had none starts the clocks now, and one that loses its timer stops them for good. `save` writes
    whatever else changed on the stage, in the same transaction.
    """

    def once() -> int:
        with transaction.atomic(durable=True):
            old = Stage.objects.select_for_update().get(pk=stage.pk)
            if save is not None:
                save()
            Stage.objects.filter(pk=stage.pk).update(timer_minutes=timer_minutes)
            if old.timer_minutes == timer_minutes:
                return 0
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


def _rehearse(running: OpportunityQuerySet, *, old: Calendar, new: Calendar, now: dt.datetime) -> Rehearsal[int]:
    ends = running.values_list("id", "deadline").iterator(chunk_size=_CHUNK)
    left = (what_is_left(pk, end, now=now, calendar=old) for pk, end in ends if end)
    return rehearse(left, old=old, new=new)


def _move_all(
    running: OpportunityQuerySet, *, old: Calendar, new: Calendar, by: User, now: dt.datetime, reason: str
) -> int:
    moved = 0
    for rows in _locked(running):
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


def _running_of(desk: Desk, now: dt.datetime) -> OpportunityQuerySet:
    return Opportunity.objects.active().filter(team=desk.team_id, deadline__gt=now)


def _in_stage(stage: Stage) -> OpportunityQuerySet:
    return Opportunity.objects.active().filter(stage=stage)


def _calendars() -> dict[int, Calendar]:
    """The hours of each team's desk."""
    desks = Desk.objects.select_related("calendar")
    values = values_of({desk.calendar for desk in desks})
    return {desk.team_id: values[desk.calendar_id] for desk in desks}
