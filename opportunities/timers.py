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
from leadmaster.calendars.arithmetic import Calendar, add_operating_time, operating_time_between
from leadmaster.lib.db import retrying
from opportunities import cooldowns, states
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import NoQuota, WrongState
from opportunities.models import Desk, Opportunity, OpportunityEvent, Stage
from opportunities.policy import require_worker

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
    return add_operating_time(now, dt.timedelta(minutes=stage.timer_minutes), calendar)


def seconds_left(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> int | None:
    """Operating seconds until the deadline, 0 when it is past; None without a clock."""
    if row.paused_seconds is not None:
        return row.paused_seconds
    if row.deadline is None:
        return None
    if row.deadline <= now:
        return 0
    return int(operating_time_between(now, row.deadline, calendar).total_seconds())


def calendar_of(row: Opportunity) -> Calendar:
    """The hours of the row's team."""
    return Desk.objects.select_related("calendar").get(team_id=row.team_id).calendar.as_value()


def expire_timers(now: dt.datetime, *, limit: int | None = None) -> ExpiryReport:
    """Move what is overdue to the pool, in batches with their own transaction. Safe to run twice at once or to die."""
    expired = batches = 0
    while limit is None or expired < limit:
        moved = retrying(functools.partial(_expire_batch, now))
        if not moved:
            break
        expired, batches = expired + moved, batches + 1
    return ExpiryReport(expired=expired, batches=batches)


@transaction.atomic(durable=True)
def _expire_batch(now: dt.datetime) -> int:
    ids = list(Opportunity.objects.overdue(now).order_by("deadline", "id").values_list("id", flat=True)[:BATCH])
    # Clients first, as everywhere; what another process holds is left to it.
    rows = [row for row in states.lock_free(ids) if row.deadline is not None and row.deadline <= now]
    rows = [row for row in rows if row.state == OpportunityState.ACTIVE]
    cooldowns.rest(rows, now=now)
    states.change(
        rows,
        OpportunityState.POOL,
        kind=EventKind.EXPIRED,
        now=now,
        by=None,
        reason=_("Venció el plazo de la etapa."),
    )
    return len(rows)


@transaction.atomic(durable=True)
def extend(opportunity_id: int, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    """Give the current stage's time once more, from now. Once per opportunity, and a few per week and promoter."""
    [row] = states.lock([opportunity_id])
    require_worker(by, row)
    states.require_version(row, version)
    if row.state != OpportunityState.ACTIVE or row.stage is None or row.owner is None or row.deadline is None:
        raise WrongState(_("Esta oportunidad no tiene un plazo que alargar."))
    if row.extended:
        raise WrongState(_("Esta oportunidad ya tuvo su prórroga."))
    used = OpportunityEvent.objects.filter(
        kind=EventKind.EXTENDED, to_owner=row.owner, at__gt=now - _EXTENSION_WINDOW
    ).count()
    if used >= row.owner.desk.weekly_extensions:
        raise NoQuota(_("Ya usaste las prórrogas de esta semana. Pide ayuda a tu supervisor."))
    states.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.EXTENDED,
        now=now,
        by=by,
        extended=True,
        deadline=deadline_for(row.stage, calendar=calendar_of(row), now=now),
    )
    return row
