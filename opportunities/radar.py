"""Figures that a supervisor looks at twice: exits that come too fast, or just before the quota renews."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, OuterRef, Q, Subquery

from opportunities.enums import EventKind
from opportunities.models import OpportunityEvent

FAST = dt.timedelta(minutes=10)
_FIGURE = {EventKind.EXITED: "exits", EventKind.EXPIRED: "expired", EventKind.CAPTURED: "captured"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Radar:
    """One promoter over the period."""

    promoter_id: int
    exits: int
    fast_exits: int
    expired: int
    captured: int

    @property
    def fast_share(self) -> float:
        return self.fast_exits / self.exits if self.exits else 0.0


def radar(team_ids: Collection[int], *, since: dt.datetime) -> list[Radar]:
    """Per promoter of these teams, the most fast exits first. One query."""
    assigned = (
        OpportunityEvent.objects.filter(
            opportunity=OuterRef("opportunity"),
            kind__in=[EventKind.ASSIGNED, EventKind.REASSIGNED, EventKind.CAPTURED],
            id__lt=OuterRef("id"),
        )
        .order_by("-id")
        .values("at")[:1]
    )
    lived = ExpressionWrapper(F("at") - Subquery(assigned), output_field=DurationField())
    rows = (
        OpportunityEvent.objects.filter(
            opportunity__team__in=team_ids,
            at__gte=since,
            kind__in=[EventKind.EXITED, EventKind.EXPIRED, EventKind.CAPTURED],
        )
        .annotate(lived=lived, who=F("from_owner"), captor=F("to_owner"))
        .values("who", "captor", "kind")
        .annotate(number=Count("id"), fast=Count("id", filter=Q(lived__lt=FAST)), last=Max("at"))
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        promoter_id = row["captor"] if row["kind"] == EventKind.CAPTURED else row["who"]
        if promoter_id is None:
            continue
        figures = found.setdefault(promoter_id, {"exits": 0, "fast_exits": 0, "expired": 0, "captured": 0})
        name = _FIGURE[EventKind(row["kind"])]
        figures[name] += row["number"]
        if name == "exits":
            figures["fast_exits"] += row["fast"]
    radars = [Radar(promoter_id=promoter_id, **figures) for promoter_id, figures in found.items()]
    return sorted(radars, key=lambda one: (-one.fast_exits, -one.exits, one.promoter_id))
