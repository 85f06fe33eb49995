"""Promoters on leave: they receive nothing; their clocks stand still, or their work goes back to the pool.

`begin_and_end` runs with the timer cron. A day is a day of the desk's calendar.
"""

from __future__ import annotations

import datetime as dt
import functools

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import add_operating_time
from leadmaster.lib.clock import business_day
from leadmaster.lib.db import retrying
from opportunities import states
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import NotAllowed, WrongState
from opportunities.models import Absence, Opportunity, Promoter
from opportunities.policy import may_supervise
from opportunities.timers import seconds_left


def is_absent(promoter: Promoter, day: dt.date) -> bool:
    return Absence.objects.filter(promoter=promoter, starts_on__lte=day, ends_on__gte=day).exists()


@transaction.atomic(durable=True)
def announce(
    promoter: Promoter,
    *,
    starts_on: dt.date,
    ends_on: dt.date,
    policy: AbsencePolicy,
    by: User,
    now: dt.datetime,
) -> Absence:
    """Write an absence down; it takes effect when its first day comes. Raises NotAllowed or WrongState (overlap)."""
    if not may_supervise(by, promoter.desk.team_id):
        raise NotAllowed(_("No tienes permiso para cargar ausencias de este equipo."))
    Promoter.objects.select_for_update().get(pk=promoter.pk)
    if Absence.objects.filter(promoter=promoter, starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
        raise WrongState(_("Ya hay una ausencia cargada en esos días."))
    return Absence.objects.create(
        promoter=promoter, starts_on=starts_on, ends_on=ends_on, policy=policy, created_by=by, created_at=now
    )


def begin_and_end(now: dt.datetime) -> int:
    """Put into effect the absences whose first day has come, and end those whose last is over. Returns how many."""
    touched = 0
    waiting = Absence.objects.filter(ended_at__isnull=True).select_related("promoter__desk__calendar", "promoter__user")
    for absence in waiting.order_by("id"):
        today = business_day(now, absence.promoter.desk.calendar.tz)
        if absence.begun_at is None and absence.starts_on <= today:
            retrying(functools.partial(_begin, absence, now))
            touched += 1
        if absence.ends_on < today:
            retrying(functools.partial(_end, absence, now))
            touched += 1
    return touched


@transaction.atomic(durable=True)
def _begin(absence: Absence, now: dt.datetime) -> None:
    if not Absence.objects.filter(pk=absence.pk, begun_at__isnull=True).update(begun_at=now):
        return
    rows = _active_of(absence.promoter)
    if absence.policy == AbsencePolicy.REDISTRIBUTE:
        states.change(
            rows, OpportunityState.POOL, kind=EventKind.POOLED, now=now, by=None, reason=_("Su promotor está ausente.")
        )
        return
    calendar = absence.promoter.desk.calendar.as_value()
    for row in rows:
        left = seconds_left(row, calendar=calendar, now=now)
        if left is not None:
            states.change(
                [row],
                OpportunityState.ACTIVE,
                kind=EventKind.RETIMED,
                now=now,
                by=None,
                reason=_("El plazo se detiene por ausencia."),
                deadline=None,
                paused_seconds=left,
            )


@transaction.atomic(durable=True)
def _end(absence: Absence, now: dt.datetime) -> None:
    if not Absence.objects.filter(pk=absence.pk, ended_at__isnull=True).update(ended_at=now):
        return
    calendar = absence.promoter.desk.calendar.as_value()
    for row in _active_of(absence.promoter):
        if row.paused_seconds is None:
            continue
        states.change(
            [row],
            OpportunityState.ACTIVE,
            kind=EventKind.RETIMED,
            now=now,
            by=None,
            reason=_("El plazo sigue después de la ausencia."),
            deadline=add_operating_time(now, dt.timedelta(seconds=row.paused_seconds), calendar),
            paused_seconds=None,
        )


def _active_of(promoter: Promoter) -> list[Opportunity]:
    ids = Opportunity.objects.filter(owner=promoter).active().values_list("id", flat=True)
    return states.lock(list(ids))
