"""Timers in operating hours: set, extended, expired. Deadlines are instants in UTC.

An overdue opportunity is overdue for everybody from its deadline on; `expire_timers` only moves it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.clock import business_day
from leadmaster.lib.db.retry import retrying
from opportunities import expiring
from opportunities.capacity import quota
from opportunities.clocks.countdown import Countdown, after, is_overdue, seconds_left, time_left
from opportunities.clocks.hours import hours_of
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import NoQuota, Stale, WrongState
from opportunities.models import Absence, Desk, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.policy import require_worker
from opportunities.state import cooldowns, machine, withdrawal

__all__ = [
    "BATCH",
    "ExpiryReport",
    "after",
    "calendar_of",
    "clocks_stopped",
    "countdown",
    "deadline_for",
    "expire_timers",
    "extend",
    "is_overdue",
    "seconds_left",
    "time_left",
]

BATCH = 500
_EXTENSION_WINDOW = dt.timedelta(days=7)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExpiryReport:
    """What one pass of the cron did."""

    expired: int
    batches: int


def deadline_for(stage: Stage, *, calendar: Calendar, now: dt.datetime) -> dt.datetime | None:
    """When a row that enters this stage at `now` expires; None for a stage without a timer."""
    if stage.timer_minutes is None:
        return None
    return after(dt.timedelta(minutes=stage.timer_minutes), calendar=calendar, now=now)


def countdown(stage: Stage, owner: Promoter, *, calendar: Calendar, now: dt.datetime) -> Countdown:
    """The clock of a row that enters this stage at `now`. While its owner's absence stops clocks, it starts stopped."""
    if stage.timer_minutes is None:
        return Countdown()
    if clocks_stopped(owner):
        return Countdown(paused_seconds=stage.timer_minutes * 60)
    return Countdown(deadline=deadline_for(stage, calendar=calendar, now=now))


def clocks_stopped(owner: Promoter) -> bool:
    """Whether an absence of this promoter has stopped their clocks and has not let them go on."""
    stopped = Absence.objects.filter(promoter=owner, begun_at__isnull=False, ended_at__isnull=True)
    return stopped.filter(policy=AbsencePolicy.PAUSE).exists()


def calendar_of(row: Opportunity) -> Calendar:
    """The hours of the row's team, to be shown. Whoever sets a clock by them takes `hours_of`."""
    return Desk.objects.select_related("calendar").get(team_id=row.team_id).calendar.as_value()


# --- Expiry -----------------------------------------------------------------------------------------------------------


def expire_timers(now: dt.datetime, *, limit: int | None = None) -> ExpiryReport:
    """Move what is overdue to the pool, in batches with their own transaction. Safe to run twice at once or to die."""
    expired = batches = 0
    while limit is None or expired < limit:
        size = BATCH if limit is None else min(BATCH, limit - expired)
        moved = retrying(functools.partial(_expire_batch, now, size))
        if not moved:
            break
        expired, batches = expired + moved, batches + 1
    return ExpiryReport(expired=expired, batches=batches)


@transaction.atomic(durable=True)
def _expire_batch(now: dt.datetime, size: int) -> int:
    rows = expiring.take(now, size)
    cooldowns.rest(rows, now=now)
    withdrawal.withdraw_of(rows, by=None, now=now, reason=_("Venció el plazo de la oportunidad."))
    machine.expire(rows, now=now, reason=_("Venció el plazo de la etapa."))
    return len(rows)


# --- Extension --------------------------------------------------------------------------------------------------------


def extend(opportunity_id: int, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    """Give the current stage's time once more, from now. Once per opportunity, and a few per week and promoter.

    Raises NotAllowed, Stale, WrongState (no clock, overdue, extended already) or NoQuota (the week's are used up).
    """
    seen = Opportunity.objects.select_related("owner__desk__calendar").filter(pk=opportunity_id).first()
    owner = seen.owner if seen is not None else None
    if owner is not None:
        quota.ensure(owner, _today(owner, now))
    return retrying(lambda: _extend(opportunity_id, owner, by=by, version=version, now=now))


@transaction.atomic(durable=True)
def _extend(opportunity_id: int, owner: Promoter | None, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    if owner is not None:
        # Two extensions at once count one after the other: the quota's row of the day keeps the order.
        quota.lock(owner, _today(owner, now))
    row = machine.lock_one(opportunity_id)
    require_worker(by, row)
    machine.require_version(row, version)
    if row.state != OpportunityState.ACTIVE or row.stage is None or row.owner is None or row.deadline is None:
        raise WrongState(_("Esta oportunidad no tiene un plazo que alargar."))
    if owner is None or row.owner_id != owner.pk:
        raise Stale(_("La oportunidad #%(id)s acaba de cambiar de promotor. Actualiza la página.") % {"id": row.pk})
    if is_overdue(row, now):
        raise WrongState(_("El plazo de la oportunidad #%(id)s ya venció: vuelve al pool.") % {"id": row.pk})
    if row.extended:
        raise WrongState(_("Esta oportunidad ya tuvo su prórroga."))
    used = OpportunityEvent.objects.filter(kind=EventKind.EXTENDED, to_owner=owner, at__gt=now - _EXTENSION_WINDOW)
    if used.count() >= owner.desk.weekly_extensions:
        raise NoQuota(_("Ya usaste las prórrogas de esta semana. Pide ayuda a tu supervisor."))
    machine.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.EXTENDED,
        now=now,
        by=by,
        extended=True,
        deadline=deadline_for(row.stage, calendar=hours_of(row.team_id), now=now),
    )
    return row


def _today(promoter: Promoter, now: dt.datetime) -> dt.date:
    return business_day(now, promoter.desk.calendar.tz)
