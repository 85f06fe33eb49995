"""What an absence does when its days come and go: clocks stand still and go on, or work goes back to the pool.

It runs with the timer cron, and before any change of hours or timers. A day is a day of the desk's calendar, and clocks
stop and go on with its first instant, however late the cron comes; no clock is given back what passed before somebody
announced the absence.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo

from django.db import transaction
from django.utils.translation import gettext_lazy

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.clock import local_datetime
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.capacity import quota
from opportunities.clocks.countdown import clocks_stopped, counts_since
from opportunities.clocks.setting import going_on, stopping
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.models import Absence, Opportunity, Promoter
from opportunities.state import locking, machine, withdrawal

_DAY = dt.timedelta(days=1)


def begin_and_end(now: dt.datetime) -> int:
    """Put into effect the absences whose first day has come, and end those whose last is over. Returns how many."""
    waiting = Absence.objects.filter(ended_at__isnull=True).select_related("promoter__desk__calendar", "promoter__user")
    begun = ended = 0
    # In the order of their days: one that ends lets clocks go on before the next one stops them again.
    for absence in waiting.order_by("starts_on", "id"):
        tz = absence.promoter.desk.calendar.tz
        today = absence.promoter.desk.date_at(now)
        over = absence.ends_on < today
        # Nobody's work is given away for days that are over; clocks stood still all the same.
        late = over and absence.policy == AbsencePolicy.REDISTRIBUTE
        begins = absence.begun_at is None and absence.starts_on <= today and not late
        if begins or over:
            quota.ensure(absence.promoter, absence.promoter.desk.day_at(now))
        if begins:
            begun += retrying(functools.partial(_begin, absence, now=now, since=_stops_at(absence, tz)))
        if over:
            since = local_datetime(absence.ends_on + _DAY, dt.time(0), tz)
            ended += end(absence, now=now, since=min(since, now))
    return begun + ended


@transaction.atomic(durable=True)
def _begin(absence: Absence, *, now: dt.datetime, since: dt.datetime) -> int:
    # Whoever is giving them something is waited for: what they receive in this moment is theirs when this looks.
    quota.hold(absence.promoter, absence.promoter.desk.day_at(now))
    if not Absence.objects.filter(pk=absence.pk, begun_at__isnull=True, ended_at__isnull=True).update(begun_at=now):
        return 0
    rows, calendar = _active_of(absence.promoter)
    # What was overdue before they left is nobody's any more: it is the timers' to take.
    rows = [row for row in rows if row.deadline is None or row.deadline > max(since, counts_since(row))]
    if absence.policy == AbsencePolicy.REDISTRIBUTE:
        reason = kept(gettext_lazy("Su promotor está ausente."))
        withdrawal.withdraw_of(rows, by=None, now=now, reason=reason)
        machine.change(rows, OpportunityState.POOL, kind=EventKind.POOLED, now=now, by=None, reason=reason)
        return 1
    machine.retime(
        stopping(rows, calendar=calendar, since=since),
        now=now,
        by=None,
        reason=kept(gettext_lazy("El plazo se detiene por ausencia.")),
    )
    return 1


def end(absence: Absence, *, now: dt.datetime, since: dt.datetime) -> int:
    """Let the clocks of an absence go on from `since`. Returns 0 for one that is over already."""
    return retrying(functools.partial(_end, absence, now=now, since=since))


@transaction.atomic(durable=True)
def _end(absence: Absence, *, now: dt.datetime, since: dt.datetime) -> int:
    quota.hold(absence.promoter, absence.promoter.desk.day_at(now))
    if not Absence.objects.filter(pk=absence.pk, ended_at__isnull=True).update(ended_at=now):
        return 0
    if clocks_stopped(absence.promoter):
        # One that was called off before it came: another one keeps them away.
        return 1
    rows, calendar = _active_of(absence.promoter)
    clocks = going_on(rows, calendar=calendar, since=since)
    machine.retime(clocks, now=now, by=None, reason=kept(gettext_lazy("El plazo sigue después de la ausencia.")))
    return 1


def _active_of(promoter: Promoter) -> tuple[list[Opportunity], Calendar]:
    """What is theirs, locked with what its clocks go by: what somebody took from them meanwhile is not theirs any more."""
    ids = Opportunity.objects.filter(owner=promoter).active().values_list("id", flat=True)
    rows, calendar = locking.lock_with_terms(list(ids), team_id=promoter.desk.team_id)
    return [row for row in rows if row.owner_id == promoter.pk and row.state == OpportunityState.ACTIVE], calendar


def _stops_at(absence: Absence, tz: zoneinfo.ZoneInfo) -> dt.datetime:
    """The first instant of its first day, or the moment in which it was announced: what had passed by then, passed."""
    return max(local_datetime(absence.starts_on, dt.time(0), tz), absence.created_at)
