"""What the desk tells a Prometheus."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from prometheus_client import Metric

from leadmaster.lib.clock import days_somewhere
from leadmaster.lib.days import ChargedDays
from leadmaster.ops.metrics.database import Source, gauge
from opportunities.models import Opportunity, Promoter

# More timers than this are told as this many.
MOST_OVERDUE: Final = 100_000


def overdue(now: dt.datetime) -> Iterator[Metric]:
    """Through the index of the timer cron, which moves them within a minute."""
    found = (
        Opportunity.objects.overdue(now)
        .order_by("deadline", "id")[:MOST_OVERDUE]
        .aggregate(number=Count("id"), since=Min("deadline"))
    )
    age = (now - found["since"]).total_seconds() if found["since"] else 0.0
    yield gauge("timers_overdue", f"Opportunities past their deadline, up to {MOST_OVERDUE}", found["number"])
    yield gauge("timers_overdue_seconds", "Seconds since the deadline of the oldest of them", age)


def quotas(now: dt.datetime) -> Iterator[Metric]:
    """Each desk has its own midnight: of the days that are somewhere today, the one that counts there."""
    used = limit = full = 0
    for zone, held, until, day, used_there, limit_there, full_there in usage_by_zone(now):
        if day == ChargedDays(tz=zoneinfo.ZoneInfo(zone), held=held, until=until).at(now):
            used, limit, full = used + used_there, limit + limit_there, full + full_there
    yield gauge("desk_quota_clients", "Clients that the promoters who asked today may receive", limit)
    yield gauge("desk_quota_used_clients", "Clients of that quota that were given", used)
    yield gauge("promoters_at_quota", "Promoters who received all that they may today", full)


def usage_by_zone(now: dt.datetime) -> QuerySet[Promoter, tuple[Any, ...]]:
    """Of each zone, held day and day: used, allowed, and how many received everything. From the promoters to their days."""
    return (
        Promoter.objects.filter(quotas__day__in=days_somewhere(now))
        .order_by()
        .values_list("desk__calendar__time_zone", "desk__held_day", "desk__held_until", "quotas__day")
        .annotate(
            used=Sum("quotas__used"),
            limit=Sum("quotas__limit"),
            full=Count("id", filter=Q(quotas__limit__gt=0, quotas__used__gte=F("quotas__limit"))),
        )
    )


SOURCES: tuple[Source, ...] = (overdue, quotas)
