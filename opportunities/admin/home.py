"""The desk's part of the home page: what expires, quotas, and how long the pool lasts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.lib.admin.pending import ENOUGH
from opportunities import badges
from opportunities.admin.base import promoters_by_name, team_ids_in
from opportunities.capacity.usage import usage_of
from opportunities.models import Desk, Opportunity
from opportunities.policy import SUPERVISE
from opportunities.queries.pool_figures import runway

_NEXT = 5
_NAMED = ("client", "owner__user", "stage", "team__desk__calendar")
_PROMOTERS = 12
_SOON = dt.timedelta(hours=2)


def context(request: HttpRequest) -> dict[str, Any]:
    """Nothing for those who decide at no desk."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(SUPERVISE):
        return {}
    teams = team_ids_in(request)
    if not Desk.objects.filter(team__in=teams).exists():
        return {}
    return {"desk": look(user, teams, timezone.now())}


def look(user: User, teams: list[int], now: dt.datetime) -> dict[str, Any]:
    """Everything of the desk's part, in as many queries whatever there is."""
    mine = Opportunity.objects.filter(team_id__in=teams)
    running = mine.active().filter(deadline__gt=now).order_by("deadline", "id")
    staff = usage_of(list(promoters_by_name(user).filter(user__is_active=True)[:_PROMOTERS]), now=now)
    return {
        "enough": ENOUGH,
        "overdue": mine.overdue(now).order_by()[:ENOUGH].count(),
        "soon": running.filter(deadline__lte=now + _SOON).order_by()[:ENOUGH].count(),
        "next": [(row, badges.clock(row, now)) for row in running.select_related(*_NAMED)[:_NEXT]],
        "staff": sorted(staff, key=lambda one: (-one.used, str(one.promoter))),
        "given": sum(one.used for one in staff),
        "limit": sum(one.limit for one in staff),
        "runway": runway(teams, now=now),
    }
