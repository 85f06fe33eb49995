"""Figures that a supervisor looks at twice: exits that come too fast, exits just before the quota renews, captures of
people whose phone the directory had already."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

from django.db import models
from django.db.models import Count, DurationField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import values_of
from opportunities.enums import EventKind
from opportunities.models import Desk, OpportunityEvent

FAST = dt.timedelta(minutes=10)
# An exit is late when no more than so much of the day's opening is left.
LATE = dt.timedelta(hours=1)
_CHUNK = 2_000
# A drill-down looks no further back than so many exits.
_MOST_EXITS = 10_000
_FIGURE = {EventKind.EXITED: "exits", EventKind.EXPIRED: "expired", EventKind.CAPTURED: "captured"}


class Figure(models.TextChoices):
    """What can be looked at one by one."""

    FAST = "rapidas", _("Salidas a los pocos minutos")
    LATE = "al-filo", _("Salidas justo antes del cupo nuevo")
    KNOWN = "conocidas", _("Captaciones que ya estaban en el directorio")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Radar:
    """One promoter over the period. `known_captures` took over somebody who was in the directory before."""

    promoter_id: int
    exits: int = 0
    fast_exits: int = 0
    late_exits: int = 0
    expired: int = 0
    captured: int = 0
    known_captures: int = 0

    @property
    def fast_share(self) -> float:
        return self.fast_exits / self.exits if self.exits else 0.0

    @property
    def late_share(self) -> float:
        return self.late_exits / self.exits if self.exits else 0.0

    @property
    def known_share(self) -> float:
        return self.known_captures / self.captured if self.captured else 0.0


def radar(team_ids: Collection[int], *, since: dt.datetime) -> list[Radar]:
    """Per promoter of these teams, the most fast exits first. Two queries, and three for their hours."""
    figures: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in _grouped(team_ids, since):
        owner_id = row["captor"] if row["kind"] == EventKind.CAPTURED else row["who"]
        if owner_id is None:
            continue
        name = _FIGURE[EventKind(row["kind"])]
        figures[owner_id][name] += row["number"]
        if name == "exits":
            figures[owner_id]["fast_exits"] += row["fast"]
        if name == "captured":
            figures[owner_id]["known_captures"] += row["known"]
    for _pk, late_id in _late(team_ids, _exits(team_ids, since)):
        if late_id is not None:
            figures[late_id]["late_exits"] += 1
    radars = [Radar(promoter_id=promoter_id, **counts) for promoter_id, counts in figures.items()]
    return sorted(radars, key=lambda one: (-one.fast_exits, -one.exits, one.promoter_id))


def behind(
    figure: Figure, promoter_id: int, team_ids: Collection[int], *, since: dt.datetime
) -> QuerySet[OpportunityEvent]:
    """The history lines that make up one promoter's figure, the newest first."""
    if figure is Figure.KNOWN:
        captures = OpportunityEvent.objects.filter(_CAPTURED, to_owner__desk__team__in=team_ids, at__gte=since)
        return captures.filter(_KNOWN, to_owner=promoter_id).order_by("-id")
    exits = _exits(team_ids, since).filter(from_owner=promoter_id).order_by("-id")
    if figure is Figure.FAST:
        return exits.annotate(lived=_lived()).filter(lived__lt=FAST)
    late = [pk for pk, _owner in _late(team_ids, exits[:_MOST_EXITS])]
    return OpportunityEvent.objects.filter(pk__in=late).order_by("-id")


def last_hour(calendar: Calendar, day: dt.date) -> dt.datetime:
    """From when on an exit of this day is late: LATE of opening is left, or on a closed day LATE until midnight."""
    whole = calendar.day(day)
    left = LATE
    for opens, closes in reversed(whole.stretches):
        if closes - opens >= left:
            return closes - left
        left -= closes - opens
    return whole.starts if whole.stretches else whole.ends - LATE


# --- Private ----------------------------------------------------------------------------------------------------------

_CAPTURED = Q(kind=EventKind.CAPTURED)
# A person that a capture brings in is written with the capture's own moment.
_KNOWN = Q(opportunity__client__created_at__lt=F("at"))


def _lived() -> ExpressionWrapper[Any]:
    """How long the opportunity had been its owner's."""
    got = OpportunityEvent.objects.filter(
        opportunity=OuterRef("opportunity"),
        kind__in=[EventKind.ASSIGNED, EventKind.REASSIGNED, EventKind.CAPTURED],
        id__lt=OuterRef("id"),
    )
    return ExpressionWrapper(F("at") - Subquery(got.order_by("-id").values("at")[:1]), output_field=DurationField())


def _grouped(team_ids: Collection[int], since: dt.datetime) -> QuerySet[OpportunityEvent, Any]:
    """What a promoter did is theirs, whoever has the opportunity by now."""
    left = Q(kind__in=[EventKind.EXITED, EventKind.EXPIRED], from_owner__desk__team__in=team_ids)
    taken = _CAPTURED & Q(to_owner__desk__team__in=team_ids)
    rows = OpportunityEvent.objects.filter(left | taken, at__gte=since, kind__in=list(_FIGURE))
    return (
        rows.order_by()
        .annotate(lived=_lived(), who=F("from_owner"), captor=F("to_owner"))
        .values("who", "captor", "kind")
        .annotate(number=Count("id"), fast=Count("id", filter=Q(lived__lt=FAST)), known=Count("id", filter=_KNOWN))
    )


def _exits(team_ids: Collection[int], since: dt.datetime) -> QuerySet[OpportunityEvent]:
    return OpportunityEvent.objects.filter(from_owner__desk__team__in=team_ids, at__gte=since, kind=EventKind.EXITED)


def _late(team_ids: Collection[int], exits: QuerySet[OpportunityEvent]) -> Iterator[tuple[int, int | None]]:
    """(line, former owner) of those that came in the last hour of their day's opening."""
    desks = list(Desk.objects.filter(team__in=team_ids).select_related("calendar"))
    values = values_of({desk.calendar for desk in desks})
    hours = {desk.team_id: values[desk.calendar_id] for desk in desks}
    cuts: dict[tuple[int, dt.date], dt.datetime] = {}
    lines = exits.values_list("id", "from_owner_id", "from_owner__desk__team_id", "at")
    for pk, owner_id, team_id, at in lines.iterator(chunk_size=_CHUNK):
        calendar = hours.get(team_id)
        if calendar is None:
            continue
        day = at.astimezone(calendar.tz).date()
        cut = cuts.get((team_id, day))
        if cut is None:
            cut = cuts[team_id, day] = last_hour(calendar, day)
        if at >= cut:
            yield pk, owner_id
