"""Promoters on leave: they receive nothing; their clocks stand still, or their work goes back to the pool.

`begin_and_end` runs with the timer cron. A day is a day of the desk's calendar, and clocks stop and go on with its
first instant, however late the cron comes.
"""

from __future__ import annotations

import datetime as dt
import functools

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.clock import business_day, local_datetime
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.capacity import quota
from opportunities.clocks.countdown import Countdown, after, clocks_stopped, seconds_left
from opportunities.clocks.hours import hours_of
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import Incomplete, NotAllowed, WrongState
from opportunities.models import Absence, Opportunity, Promoter
from opportunities.policy import may_supervise
from opportunities.state import locking, machine, withdrawal

_DAY = dt.timedelta(days=1)


def announce(
    promoter: Promoter,
    *,
    starts_on: dt.date,
    ends_on: dt.date,
    policy: AbsencePolicy,
    by: User,
    now: dt.datetime,
) -> Absence:
    """Write an absence down; it takes effect when its first day comes.

    Raises NotAllowed, Incomplete (dates in the wrong order) or WrongState (overlap, or over already).
    """
    _require(by, promoter)
    if ends_on < starts_on:
        raise Incomplete(_("La ausencia termina antes de empezar: revisa las fechas."))
    if ends_on < business_day(now, promoter.desk.calendar.tz):
        raise WrongState(_("Esos días ya pasaron."))
    return retrying(lambda: _announce(promoter, starts_on, ends_on, policy, by=by, now=now))


@transaction.atomic(durable=True)
def _announce(
    promoter: Promoter, starts_on: dt.date, ends_on: dt.date, policy: AbsencePolicy, *, by: User, now: dt.datetime
) -> Absence:
    Promoter.objects.select_for_update().get(pk=promoter.pk)
    others = Absence.objects.filter(promoter=promoter, ended_at__isnull=True)
    if others.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
        raise WrongState(_("Ya hay una ausencia cargada en esos días."))
    return Absence.objects.create(
        promoter=promoter, starts_on=starts_on, ends_on=ends_on, policy=policy, created_by=by, created_at=now
    )


def call_off(absence: Absence, *, by: User, now: dt.datetime) -> None:
    """The promoter is back, or never leaves: clocks go on from `now`. What went to the pool stays there.

    Raises NotAllowed, or WrongState for one that is over.
    """
    _require(by, absence.promoter)
    today = business_day(now, absence.promoter.desk.calendar.tz)
    quota.ensure(absence.promoter, today)
    if not retrying(functools.partial(_end, absence, today=today, now=now, since=now)):
        raise WrongState(_("Esta ausencia ya terminó."))


def begin_and_end(now: dt.datetime) -> int:
    """Put into effect the absences whose first day has come, and end those whose last is over. Returns how many."""
    waiting = Absence.objects.filter(ended_at__isnull=True).select_related("promoter__desk__calendar", "promoter__user")
    begun = ended = 0
    # In the order of their days: one that ends lets clocks go on before the next one stops them again.
    for absence in waiting.order_by("starts_on", "id"):
        tz = absence.promoter.desk.calendar.tz
        today = business_day(now, tz)
        over = absence.ends_on < today
        # Nobody's work is given away for days that are over; clocks stood still all the same.
        late = over and absence.policy == AbsencePolicy.REDISTRIBUTE
        begins = absence.begun_at is None and absence.starts_on <= today and not late
        if begins or over:
            quota.ensure(absence.promoter, today)
        if begins:
            since = local_datetime(absence.starts_on, dt.time(0), tz)
            begun += retrying(functools.partial(_begin, absence, today=today, now=now, since=min(since, now)))
        if over:
            since = local_datetime(absence.ends_on + _DAY, dt.time(0), tz)
            ended += retrying(functools.partial(_end, absence, today=today, now=now, since=min(since, now)))
    return begun + ended


@transaction.atomic(durable=True)
def _begin(absence: Absence, *, today: dt.date, now: dt.datetime, since: dt.datetime) -> int:
    # Whoever is giving them something is waited for: what they receive in this moment is theirs when this looks.
    quota.hold(absence.promoter, today)
    if not Absence.objects.filter(pk=absence.pk, begun_at__isnull=True, ended_at__isnull=True).update(begun_at=now):
        return 0
    # The hours first: they are held, and the rows stand by them.
    calendar = hours_of(absence.promoter.desk.team_id)
    # What was overdue before they left is nobody's any more: it is the timers' to take.
    rows = [
        row
        for row in _active_of(absence.promoter)
        if row.deadline is None or row.deadline > max(since, row.stage_since)
    ]
    if absence.policy == AbsencePolicy.REDISTRIBUTE:
        reason = kept(gettext_lazy("Su promotor está ausente."))
        withdrawal.withdraw_of(rows, by=None, now=now, reason=reason)
        machine.change(rows, OpportunityState.POOL, kind=EventKind.POOLED, now=now, by=None, reason=reason)
        return 1
    left = {
        row: seconds_left(row, calendar=calendar, now=max(since, row.stage_since))
        for row in rows
        if row.deadline is not None
    }
    machine.retime(
        {row: Countdown(paused_seconds=seconds) for row, seconds in left.items()},
        now=now,
        by=None,
        reason=kept(gettext_lazy("El plazo se detiene por ausencia.")),
    )
    return 1


@transaction.atomic(durable=True)
def _end(absence: Absence, *, today: dt.date, now: dt.datetime, since: dt.datetime) -> int:
    quota.hold(absence.promoter, today)
    if not Absence.objects.filter(pk=absence.pk, ended_at__isnull=True).update(ended_at=now):
        return 0
    if clocks_stopped(absence.promoter):
        # One that was called off before it came: another one keeps them away.
        return 1
    calendar = hours_of(absence.promoter.desk.team_id)
    clocks = {}
    for row in _active_of(absence.promoter):
        if row.paused_seconds is not None:
            left = dt.timedelta(seconds=row.paused_seconds)
            clocks[row] = Countdown(deadline=after(left, calendar=calendar, now=max(since, row.stage_since)))
    machine.retime(clocks, now=now, by=None, reason=kept(gettext_lazy("El plazo sigue después de la ausencia.")))
    return 1


def _active_of(promoter: Promoter) -> list[Opportunity]:
    """What is theirs, locked: what somebody took from them while this waited is not theirs any more."""
    ids = Opportunity.objects.filter(owner=promoter).active().values_list("id", flat=True)
    rows = locking.lock(list(ids))
    return [row for row in rows if row.owner_id == promoter.pk and row.state == OpportunityState.ACTIVE]


def _require(user: User, promoter: Promoter) -> None:
    if not may_supervise(user, promoter.desk.team_id):
        raise NotAllowed(_("No tienes permiso para cargar ausencias de este equipo."))
