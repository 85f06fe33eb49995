"""What breaks the routine: somebody on leave, somebody about to leave, more time for a client, a bigger quota."""

from __future__ import annotations

import datetime as dt

from campaigns.demo.people import Staff
from leadmaster.lib.clock import local_datetime
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.capacity import quota
from opportunities.enums import AbsencePolicy
from opportunities.models import Opportunity, Promoter
from opportunities.supervision import absences
from opportunities.timers import absence_clocks, extension


def happen(staff: Staff, *, now: dt.datetime) -> None:
    """After the days of work, up to `now`."""
    diego, sofia = (Promoter.objects.get(user=user) for user in staff.promoters[:2])
    _leave(Promoter.objects.get(user=staff.on_leave), staff, now=now)
    today = sofia.desk.date_at(now)
    absences.announce(
        sofia,
        starts_on=today + dt.timedelta(days=5),
        ends_on=today + dt.timedelta(days=9),
        policy=AbsencePolicy.REDISTRIBUTE,
        by=staff.supervisor,
        now=now,
    )
    quota.change_limit(
        sofia, today, sofia.quota_of_a_day + 6, by=staff.supervisor, reason="Cubre a Paula esta semana", now=now
    )
    _ask_for_time(diego, now=now - dt.timedelta(minutes=15))


def _leave(promoter: Promoter, staff: Staff, *, now: dt.datetime) -> None:
    """Away since this morning: what she took last evening waits for her with its clock stopped."""
    tz = promoter.desk.calendar.tz
    today = promoter.desk.date_at(now)
    evening = local_datetime(today, dt.time(0), tz) - dt.timedelta(hours=5)
    request_lot(promoter, Filters(province="Córdoba"), 6, key="demo-tarde", now=evening)
    absences.announce(
        promoter,
        starts_on=today,
        ends_on=today + dt.timedelta(days=2),
        policy=AbsencePolicy.PAUSE,
        by=staff.supervisor,
        now=evening,
    )
    absence_clocks.begin_and_end(now)


def _ask_for_time(promoter: Promoter, *, now: dt.datetime) -> None:
    """For the one that expires next: it expires later, and its history says so."""
    first = Opportunity.objects.filter(owner=promoter).on_time(now).order_by("deadline", "id")[0]
    extension.extend(first.pk, by=promoter.user, version=first.version, now=now)
