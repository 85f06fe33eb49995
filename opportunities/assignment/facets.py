"""What can really be had now, with the other filters applied: up to a thousand exactly, then "1.000+".

Work is bounded whatever the size of the directory: values by hops over an index, counts up to a limit, filters that no
index carries within a window of it, the pool's oldest page.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt

from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import MOST_VALUES, Count, values
from leadmaster.directory.models import Client
from opportunities.assignment import candidates
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import Promoter

EXACT_UP_TO = 1_000
# So many free ones in the directory prove a thousand for anybody: never the half of them rest or have opted out.
_PLENTY = 2 * EXACT_UP_TO
# And so many that don't rest.
_ENOUGH = 5 * EXACT_UP_TO // 4
_NOBODY = (0, False)
# How far a count goes along the best index for filters that no index carries together.
_WINDOW = 2_000
# How much of the pool is counted, the oldest of it.
_POOL_PAGE = 2_000


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
    pooled = candidates.offered(promoter, filters, _oldest(promoter), now=now)
    return min(found + len(pooled), EXACT_UP_TO + 1)


def options(promoter: Promoter, filters: Filters, facet: str, *, now: dt.datetime) -> list[Option]:
    """The values of one facet that have something to give, with the other filters applied."""
    if facet not in FACETS:
        raise ValueError(f"{facet} is no facet")
    others = filters.without(facet)
    if facet == "city" and not others.province:
        return []
    pooled = _pooled_by(promoter, others, facet, now=now)
    free = _free_by(promoter, others, facet, now=now)
    found = []
    for value in sorted({*free, *pooled})[:MOST_VALUES]:
        number, more = free.get(value, _NOBODY)
        number += pooled[value]
        if number:
            found.append(Option(value=value, count=min(number, EXACT_UP_TO), more=more or number > EXACT_UP_TO))
    return found


def _free_by(promoter: Promoter, others: Filters, facet: str, *, now: dt.datetime) -> dict[str, tuple[int, bool]]:
    """Free clients by value, and whether there are more than counted. Along the facet's index, those with few all in one
    query; or all of them in the same window of the others' when no index carries both."""
    if not others.having(facet, "·").carried():
        stop = candidates.ahead(others, _WINDOW)
        found = candidates.count_by(promoter, others, facet, stop=stop, now=now)
        return {value: (number, stop is not None) for value, number in found.items()}
    there = {
        value: candidates.present(others.having(facet, value), up_to=_PLENTY)
        for value in values(others, facet, Availability.FREE)
    }
    few = [value for value, number in there.items() if number < _PLENTY]
    if not few:
        return {value: (number, False) for value, number in there.items()}
    resting = candidates.resting_by(promoter, others, facet, few, now=now)
    # Who opted out has to be asked of each: where it takes one in five of them to make a difference, it is not asked.
    scarce = [value for value in few if there[value] - resting[value] < _ENOUGH]
    opted_out = candidates.opted_out_by(others, facet, scarce) if scarce else {}
    return {
        value: (max(number - resting[value] - opted_out.get(value, 0), 0), False) for value, number in there.items()
    }


def _free(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> tuple[int, bool]:
    """How many free ones, up to EXACT_UP_TO + 1, and whether the look ended before the directory did."""
    stop = None
    if not filters.carried():
        stop = candidates.ahead(filters, _WINDOW)
    elif candidates.present(filters, up_to=_PLENTY) == _PLENTY:
        return EXACT_UP_TO + 1, False
    number = candidates.count_free(promoter, filters, stop=stop, up_to=EXACT_UP_TO + 1, now=now)
    return number, stop is not None and number <= EXACT_UP_TO


def _oldest(promoter: Promoter) -> list[int]:
    """The clients on the first page of the team's pool: what a draw looks at first."""
    return [client_id for client_id, _since, _id in candidates.pooled(promoter.desk.team_id, _POOL_PAGE)]


def _pooled_by(promoter: Promoter, others: Filters, facet: str, *, now: dt.datetime) -> collections.Counter[str]:
    """Pooled clients by value of the facet. Two queries for all values."""
    page = _oldest(promoter)
    if not page:
        return collections.Counter()
    rows = Client.objects.filter(candidates.offerable(promoter.pk, now), others.condition(), id__in=page)
    values = rows.filter(availability=Availability.POOL).values_list(facet, flat=True)
    return collections.Counter(value for value in values if value)
