"""A change of hours, holidays or a stage's timer moves clocks that run already.

It is written down together with the list of the clocks that have to follow. Few follow at once; many in the
background, batch by batch, what expires first before the rest. Until it has followed, a row is moved by whoever locks
it (`state.locking`), so doing this again, twice at once, or after a death half way ends the same.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import time
from collections.abc import Callable, Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OperatingCalendar, values_of
from leadmaster.lib.db.compiled import CompiledCopy
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from leadmaster.ops import health
from opportunities.clocks.changes import ClockChange, NewHours, NewTimer, away, hours_of_teams
from opportunities.enums import RetimingKind
from opportunities.errors import Incomplete, Stale, WrongState
from opportunities.models import Desk, Opportunity, Retiming, RetimingLine, Stage
from opportunities.models.stage import MOST_TIMER_MINUTES
from opportunities.querysets import OpportunityQuerySet
from opportunities.state import locking
from opportunities.timers import absence_clocks

BATCH = 500
# So many are moved while the person waits: about a second.
AT_ONCE = 1_000
# A pass of the background ends by itself well before the cluster would kill it.
_PASS_SECONDS = 100.0

K = RetimingKind


@dataclasses.dataclass(frozen=True, kw_only=True)
class Applied:
    """`moved` clocks have followed the change; `waiting` ones follow in the background."""

    moved: int = 0
    waiting: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """A change on its way: `waiting` clocks have still to follow; `stuck`, none has for some minutes."""

    retiming: Retiming
    waiting: int
    stuck: bool

    @property
    def moved(self) -> int:
        return self.retiming.total - self.waiting


def change_calendar(
    calendar: OperatingCalendar,
    save: Callable[[], object],
    *,
    by: User,
    now: dt.datetime,
    reason: str = "",
    seen: Calendar | None = None,
) -> Applied:
    """Run `save`, which writes the new hours or holidays, and have the open timers follow from `now` on.

    The hours and what is to follow commit together; a death before that leaves all as it was. Raises Stale when the
    hours are not the `seen` ones any more, WrongState while an earlier change of these clocks is on its way, and
    Incomplete for hours that would never end a timer.
    """

    def once() -> Retiming | None:
        with transaction.atomic(durable=True):
            # As they are saved: a form has perhaps written the new zone on the caller's copy. Whoever is setting a clock
            # by these hours holds them (`hours_of`), and this waits.
            _hold_desks(calendar)
            saved = OperatingCalendar.objects.select_for_update().get(pk=calendar.pk)
            old = values_of([saved])[calendar.pk]
            if seen is not None and seen != old:
                raise Stale(_("Alguien cambió este horario mientras lo mirabas. Actualiza la página."))
            save()
            new = values_of([OperatingCalendar.objects.get(pk=calendar.pk)])[calendar.pk]
            if new == old:
                return None
            desks = Desk.objects.filter(calendar=saved)
            for desk in _hold_desks(saved):
                _keep_day(desk, old=old, new=new, now=now)
            return _write_down(
                Retiming(kind=K.CALENDAR, calendar=saved, reason=reason or kept(gettext_lazy("Cambió el horario."))),
                NewHours(old=old, new=new, at=now),
                running_by(desks, now=now),
                teams=list(desks.values_list("team", flat=True)),
                by=by,
            )

    absence_clocks.begin_and_end(now)
    return _apply_first(retrying(once), now=now)


def change_desk(
    desk: Desk,
    save: Callable[[], object],
    *,
    by: User,
    now: dt.datetime,
    seen: tuple[Calendar, Calendar] | None = None,
) -> Applied:
    """Run `save`, which may give the desk another calendar, and have its open timers follow. `seen` are the hours before
    and after, as whoever agreed saw them. Raises as above."""

    def once() -> Retiming | None:
        with transaction.atomic(durable=True):
            saved = Desk.objects.select_for_update().get(pk=desk.pk)
            save()
            after_it = Desk.objects.get(pk=desk.pk)
            if after_it.calendar_id == saved.calendar_id:
                return None
            both = [saved.calendar_id, after_it.calendar_id]
            values = values_of(OperatingCalendar.objects.filter(pk__in=both).order_by("pk").select_for_update())
            if seen is not None and seen != (values[saved.calendar_id], values[after_it.calendar_id]):
                raise Stale(_("Alguien cambió este horario mientras lo mirabas. Actualiza la página."))
            _keep_day(saved, old=values[saved.calendar_id], new=values[after_it.calendar_id], now=now)
            return _write_down(
                Retiming(kind=K.DESK, desk=saved, reason=kept(gettext_lazy("Cambió el horario de la mesa."))),
                NewHours(old=values[saved.calendar_id], new=values[after_it.calendar_id], at=now),
                running_by(Desk.objects.filter(pk=desk.pk), now=now),
                teams=[saved.team_id],
                by=by,
            )

    absence_clocks.begin_and_end(now)
    return _apply_first(retrying(once), now=now)


def change_stage(
    stage: Stage,
    *,
    timer_minutes: int | None,
    by: User,
    now: dt.datetime,
    reason: str = "",
    save: Callable[[], object] | None = None,
) -> Applied:
    """Write the stage's new timer and have the clocks of what is in it follow.

    `stage` is as whoever asks saw it: a timer that is no other one is left as somebody else has written it meanwhile,
    and one that is, is refused then. A longer timer gives the difference to each, a shorter one takes it; who has less than that left is overdue now.
    A stage that had none starts the clocks now, and one that loses its timer stops them for good. `save` writes
    whatever else changed on the stage, in the same transaction. Raises as above.
    """
    seen = stage.timer_minutes

    def once() -> Retiming | None:
        with transaction.atomic(durable=True):
            # Whoever is setting a clock by this timer holds it (`clocks.terms`), and this waits.
            old = Stage.objects.select_for_update().get(pk=stage.pk)
            if save is not None:
                save()
            if timer_minutes == seen:
                return None
            if old.timer_minutes != seen:
                raise Stale(_("Alguien cambió el plazo de esta etapa mientras la mirabas. Actualiza la página."))
            Stage.objects.filter(pk=stage.pk).update(timer_minutes=timer_minutes)
            hours = hours_of_teams()
            return _write_down(
                Retiming(kind=K.STAGE, stage=old, reason=reason or kept(gettext_lazy("Cambió el plazo de la etapa."))),
                NewTimer(old=old.timer_minutes, new=timer_minutes, calendars=hours, away=away(), at=now),
                standing_in(old),
                teams=list(hours),
                by=by,
            )

    _check_timer(timer_minutes)
    absence_clocks.begin_and_end(now)
    retimed = _apply_first(retrying(once), now=now)
    stage.refresh_from_db(fields=["timer_minutes"])
    return retimed


def _hold_desks(calendar: OperatingCalendar) -> list[Desk]:
    """Locked before the calendar, as in a change of the desk."""
    return list(Desk.objects.filter(calendar=calendar).order_by("pk").select_for_update())


def _keep_day(desk: Desk, *, old: Calendar, new: Calendar, now: dt.datetime) -> None:
    """Another zone begins no new day of quotas and captures: the one that counts goes on."""
    if new.tz.key == old.tz.key:
        return
    moved = desk.charged_days_in(old.tz).moved(new.tz, now)
    Desk.objects.filter(pk=desk.pk).update(held_day=moved.held, held_since=moved.since, held_until=moved.until)


def _check_timer(minutes: int | None) -> None:
    if minutes is not None and not 0 < minutes <= MOST_TIMER_MINUTES:
        raise Incomplete(
            _("El plazo va de un minuto a un año de horario de atención (%(most)d minutos).")
            % {"most": MOST_TIMER_MINUTES}
        )


def running_by(desks: Any, *, now: dt.datetime) -> OpportunityQuerySet:
    """What runs by the hours of these desks."""
    return Opportunity.objects.active().filter(team__in=desks.values("team"), deadline__gt=now)


def standing_in(stage: Stage) -> OpportunityQuerySet:
    """What is in this stage, whether its clock runs, stands still, or is none."""
    return Opportunity.objects.active().filter(stage=stage)


# --- Progress --------------------------------------------------------------------------------------------------------


def apply_backlog(now: dt.datetime, *, seconds: float = _PASS_SECONDS) -> int:
    """Bring along what waits, the oldest change first, for so many seconds. Returns how many clocks were looked at.

    Safe to run twice at once and to die anywhere: what is done is done, and the next pass goes on with the rest.
    """
    ends = time.monotonic() + seconds
    done = 0
    for retiming in Retiming.objects.filter(finished_at__isnull=True).order_by("id"):
        done += _apply_batches(retiming, now=now, goes_on=lambda _done: time.monotonic() < ends)
    return done


def unfinished() -> list[Retiming]:
    """The changes that are on their way, the oldest first."""
    rows = Retiming.objects.filter(finished_at__isnull=True).order_by("id")
    return list(rows.select_related("by", "calendar", "desk__team", "stage"))


def in_progress(teams: Callable[[], Collection[int]], *, now: dt.datetime) -> list[Progress]:
    """The changes that some clocks of these teams have still to follow. One query when there is none."""
    rows = unfinished()
    asked = set(teams()) if rows else set()
    return [
        Progress(retiming=one, waiting=waiting, stuck=one.alive_at < now - health.LATE_AFTER)
        for one in rows
        if asked & set(one.teams) and (waiting := waiting_of(one))
    ]


def waiting_of(retiming: Retiming) -> int:
    """How many clocks have not followed it yet."""
    return RetimingLine.objects.filter(retiming=retiming).count()


def _apply_first(retiming: Retiming | None, *, now: dt.datetime) -> Applied:
    """Few at once; of many what expires first, and the rest is the background's."""
    if retiming is None:
        return Applied()
    most = retiming.total if retiming.total <= AT_ONCE else BATCH
    moved = _apply_batches(retiming, now=now, goes_on=lambda done: done < most)
    return Applied(moved=moved, waiting=0 if retiming.finished_at else waiting_of(retiming))


def _apply_batches(retiming: Retiming, *, now: dt.datetime, goes_on: Callable[[int], bool]) -> int:
    done = 0
    while goes_on(done):
        found = retrying(functools.partial(_batch, retiming, now))
        if not found:
            break
        done += found
    if not RetimingLine.objects.filter(retiming=retiming).exists():
        retiming.finished_at = now
        Retiming.objects.filter(pk=retiming.pk, finished_at__isnull=True).update(finished_at=now)
    return done


@transaction.atomic(durable=True)
def _batch(retiming: Retiming, now: dt.datetime) -> int:
    """What somebody else holds is left to them: they move it, or the next pass does."""
    lines = RetimingLine.objects.filter(retiming=retiming).order_by("deadline", "opportunity")
    ids = list(lines.values_list("opportunity", flat=True)[:BATCH])
    if not ids:
        return 0
    rows = locking.lock_free(ids)
    if rows:
        Retiming.objects.filter(pk=retiming.pk).update(alive_at=now)
    return len(rows)


def _write_down(
    retiming: Retiming, change: ClockChange, rows: OpportunityQuerySet, *, teams: list[int], by: User
) -> Retiming | None:
    """The change, and the list of the clocks that have to follow; None when there is no clock to move."""
    of_teams = sorted(rows.order_by().values_list("team", flat=True).distinct())
    if not of_teams:
        return None
    _refuse_during_another(teams)
    for team in of_teams:
        # If the longest of them ends by the new hours, all of the team's do.
        longest = rows.filter(team=team).order_by(F("deadline").desc(nulls_last=True)).first()
        if longest is not None:
            change.clock_of(longest)
    retiming.by, retiming.at, retiming.alive_at = by, change.at, change.at
    retiming.change, retiming.teams = change.as_json(), sorted(teams)
    retiming.save()
    copy = CompiledCopy(
        RetimingLine,
        lambda: rows.order_by("id"),
        opportunity=F("id"),
        retiming=Value(retiming.pk),
        version=F("version"),
        deadline=F("deadline"),
    )
    try:
        retiming.total = copy()
    except IntegrityError:
        # Another change came first, at this very moment.
        raise _on_its_way(0) from None
    retiming.save(update_fields=["total"])
    return retiming


def _refuse_during_another(teams: list[int]) -> None:
    for other in Retiming.objects.filter(finished_at__isnull=True):
        waiting = waiting_of(other)
        if waiting and set(teams) & set(other.teams):
            raise _on_its_way(waiting)


def _on_its_way(waiting: int) -> WrongState:
    return WrongState(
        ngettext(
            "Todavía falta mover %(n)d plazo del cambio anterior: espera un minuto y vuelve a guardar.",
            "Todavía faltan mover %(n)d plazos del cambio anterior: espera un minuto y vuelve a guardar.",
            waiting,
        )
        % {"n": waiting}
        if waiting
        else _("Alguien acaba de hacer otro cambio en estos plazos: espera un minuto y vuelve a guardar.")
    )
