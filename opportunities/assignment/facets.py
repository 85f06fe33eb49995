"""What can really be had now, with the other filters applied: up to a thousand exactly, then "1.000+".

Work is bounded whatever the size of the directory: values by hops over an index, counts up to a limit, filters that no
index carries within a window of it, the pool's oldest page.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt

from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import MOST_VALUES, Count, reach, values
from leadmaster.directory.models import Client
from opportunities.assignment.draw import POOL_PAGE, offerable
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import Opportunity, Promoter

EXACT_UP_TO = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """One value of a facet and how many could be drawn with it; `more` says that there are more than counted."""

    value: str
    count: int
    more: bool

    @property
    def label(self) -> str:
        return Count(number=self.count, more=self.more).label


def count(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> int:
    """How many this promoter could draw now, at the most EXACT_UP_TO + 1. Bounded work."""
    found, _cut = _free(promoter, filters, now=now)
    if found > EXACT_UP_TO:
        return found
    pooled = Client.objects.filter(offerable(promoter, now), filters.condition(), id__in=_oldest(promoter))
    return min(found + pooled.filter(availability=Availability.POOL).count(), EXACT_UP_TO + 1)


def options(promoter: Promoter, filters: Filters, facet: str, *, now: dt.datetime) -> list[Option]:
    """The values of one facet that have something to give, with the other filters applied."""
    if facet not in FACETS:
        raise ValueError(f"{facet} is no facet")
    others = filters.without(facet)
    if facet == "city" and not others.province:
        return []
    pooled = _pooled_by(promoter, others, facet, now=now)
    found = []
    for value in sorted({*values(others, facet, Availability.FREE), *pooled})[:MOST_VALUES]:
        free, cut = _free(promoter, others.having(facet, value), now=now)
        number = free + pooled[value]
        if number:
            more = cut or number > EXACT_UP_TO
            found.append(Option(value=value, count=min(number, EXACT_UP_TO), more=more))
    return found


def _free(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> tuple[int, bool]:
    """How many free ones, up to EXACT_UP_TO + 1, and whether the look ended before the directory did."""
    within = reach(filters, Availability.FREE)
    rows = Client.objects.filter(within, filters.condition(), offerable(promoter, now), availability=Availability.FREE)
    number = rows.values("id")[: EXACT_UP_TO + 1].count()
    return number, bool(within) and number <= EXACT_UP_TO


def _oldest(promoter: Promoter) -> list[int]:
    """The clients on the first page of the team's pool: what a draw looks at first."""
    rows = Opportunity.objects.filter(team=promoter.desk.team).pool().values_list("open_client_id", flat=True)
    return [client_id for client_id in rows[:POOL_PAGE] if client_id is not None]


def _pooled_by(promoter: Promoter, others: Filters, facet: str, *, now: dt.datetime) -> collections.Counter[str]:
    """Pooled clients by value of the facet. Two queries for all values."""
    page = _oldest(promoter)
    if not page:
        return collections.Counter()
    rows = Client.objects.filter(offerable(promoter, now), others.condition(), id__in=page)
    values = rows.filter(availability=Availability.POOL).values_list(facet, flat=True)
    return collections.Counter(value for value in values if value)
