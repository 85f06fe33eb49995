"""What can really be had now, with the other filters applied: up to a thousand exactly, then "1.000+"."""

from __future__ import annotations

import dataclasses
import datetime as dt

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from opportunities.assignment.draw import offerable
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import Opportunity, Promoter

EXACT_UP_TO = 1_000
_MOST_OPTIONS = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """One value of a facet and how many could be drawn with it; `more` says that there are more than counted."""

    value: str
    count: int
    more: bool

    @property
    def label(self) -> str:
        return f"{self.count:,}".replace(",", ".") + ("+" if self.more else "")


def count(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> int:
    """How many this promoter could draw now, at the most EXACT_UP_TO + 1. Bounded work."""
    free = Client.objects.filter(filters.condition(), offerable(promoter, now), availability=Availability.FREE).values(
        "id"
    )[: EXACT_UP_TO + 1]
    found = free.count()
    if found > EXACT_UP_TO:
        return found
    pooled = (
        Opportunity.objects.filter(filters.condition("open_client__"), team=promoter.desk.team)
        .pool()
        .order_by()[: EXACT_UP_TO + 1 - found]
    )
    return found + pooled.count()


def options(promoter: Promoter, filters: Filters, facet: str, *, now: dt.datetime) -> list[Option]:
    """The values of one facet that have something to give, with the other filters applied."""
    if facet not in FACETS:
        raise ValueError(f"{facet} is no facet")
    others = filters.without(facet)
    found = []
    for value in _values(others, facet):
        number = count(promoter, dataclasses.replace(others, **{facet: value}), now=now)
        if number:
            found.append(Option(value=value, count=min(number, EXACT_UP_TO), more=number > EXACT_UP_TO))
    return found


def _values(filters: Filters, facet: str) -> list[str]:
    """Distinct values by hops over the index: one short query per value, whatever the number of clients."""
    values: list[str] = []
    last = ""
    while len(values) < _MOST_OPTIONS:
        rows = Client.objects.filter(filters.condition(), availability=Availability.FREE)
        value = rows.filter(**{f"{facet}__gt": last}).order_by(facet).values_list(facet, flat=True).first()
        if value is None:
            return values
        values.append(value)
        last = value
    return values
