"""Take clients that nobody else is taking: no list of all ids in memory, no NOT IN, no waiting.

The pool comes first, the oldest first. Free clients follow by index, each promoter from a shard of their own, so that
promoters don't queue on the same rows and taken ones don't pile up at the head of the index. Nobody locks more than
they take: what somebody holds without taking it, another one would be told is not there.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import reach
from leadmaster.directory.models import Client, ContactPoint, Suppression
from opportunities.assignment.filters import Filters
from opportunities.enums import OpportunityState
from opportunities.models import CoolDown, Opportunity, Promoter

SHARDS = 64
# Pooled rows are looked at by the page, the oldest first, and one request turns so many pages.
POOL_PAGE = 2_000
_POOL_PAGES = 5
# How often one looks further when others hold the first ones.
_LOOKS = 64
# Free candidates are read by the page: enough for a few that others hold.
_FREE_PAGE = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Draw:
    """What is locked: pooled opportunities, and free clients for new ones."""

    pooled: list[Opportunity]
    client_ids: list[int]
    seed: int

    def __len__(self) -> int:
        return len(self.pooled) + len(self.client_ids)


def draw(promoter: Promoter, filters: Filters, quantity: int, *, now: dt.datetime) -> Draw:
    """Lock up to `quantity`. Fewer than asked means that no more are there, or that others hold them now."""
    seed = zlib.crc32(f"{promoter.pk}:{now:%Y-%m-%d}".encode()) % SHARDS
    pooled = _from_pool(promoter, filters, quantity, now=now)
    client_ids = _free(promoter, filters, quantity - len(pooled), seed=seed, now=now)
    return Draw(pooled=pooled, client_ids=client_ids, seed=seed)


def offerable(promoter: Promoter, now: dt.datetime) -> Q:
    """Clients that may be offered: present in the directory, not resting for this promoter, not opted out.

    As scalars, because MariaDB answers a NOT EXISTS by writing down every opt-out there is; a scalar it asks for row by
    row, by its key.
    """
    resting = CoolDown.objects.filter(promoter=promoter, client=OuterRef("pk"), until__gt=now)
    suppressed = Suppression.objects.filter(phone=OuterRef("normalised"))
    opted_out = ContactPoint.objects.order_by().filter(Q(_none(suppressed), _negated=True), client=OuterRef("pk"))
    return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))


def _none(rows: QuerySet[Any]) -> IsNull:
    """Whether there are none of these for the row outside."""
    return IsNull(Subquery(rows.order_by().values("id")[:1]), rhs=True)


# --- The pool ---------------------------------------------------------------------------------------------------------


def _from_pool(promoter: Promoter, filters: Filters, quantity: int, *, now: dt.datetime) -> list[Opportunity]:
    chosen: list[int] = []
    for page in _pages(promoter, filters) if quantity > 0 else ():
        wanted = offered(promoter, filters, page, now=now)
        in_order = [client_id for client_id in page if client_id in wanted and client_id not in chosen]
        chosen += _lock(iter(in_order), quantity - len(chosen), availability=Availability.POOL)
        if len(chosen) == quantity:
            break
    if not chosen:
        return []
    # Their clients are locked, so nobody changes them; the team may have changed since the page was read. Skipping,
    # because on its way to them the database may pass by rows that others hold.
    rows = Opportunity.objects.filter(open_client_id__in=chosen).order_by("id").select_for_update(skip_locked=True)
    return [row for row in rows if row.team_id == promoter.desk.team_id and row.state == OpportunityState.POOL]


def offered(promoter: Promoter, filters: Filters, page: Sequence[int], *, now: dt.datetime) -> set[int]:
    """Which of these pooled clients this promoter may have."""
    clients = Client.objects.filter(offerable(promoter, now), filters.condition(), id__in=page)
    return set(clients.filter(availability=Availability.POOL).values_list("id", flat=True))


def _pages(promoter: Promoter, filters: Filters) -> Iterator[list[int]]:
    """The team's pooled clients, the oldest first, a page at a time.

    When the pages are over and the pool is not, those in the filters' own part of the directory come once more, by its
    index: a segment is not lost behind the others' old rows.
    """
    rows = Opportunity.objects.filter(team=promoter.desk.team).pool()
    last: tuple[dt.datetime, int] | None = None
    for _page in range(_POOL_PAGES):
        older = rows
        if last is not None:
            older = rows.filter(Q(state_since__gt=last[0]) | Q(state_since=last[0], id__gt=last[1]))
        page = list(older.values_list("open_client_id", "state_since", "id")[:POOL_PAGE])
        yield [client_id for client_id, _since, _id in page if client_id is not None]
        if len(page) < POOL_PAGE:
            return
        last = page[-1][1], page[-1][2]
    if filters.as_dict():
        part = Client.objects.filter(
            filters.condition(), availability=Availability.POOL, open_opportunity__team=promoter.desk.team
        )
        segment = list(part.values_list("open_opportunity__state_since", "id")[:POOL_PAGE])
        yield [client_id for _since, client_id in sorted(segment)]


# --- Free clients -----------------------------------------------------------------------------------------------------


def _free(promoter: Promoter, filters: Filters, quantity: int, *, seed: int, now: dt.datetime) -> list[int]:
    """Lock free clients from the seed's shard on, round to it again. Candidates are read without a lock, a few at a
    time, and taken by their keys."""
    taken: list[int] = []
    for part in (Q(shard__gte=seed), Q(shard__lt=seed)):
        if len(taken) < quantity:
            candidates = _candidates(promoter, filters, part, quantity, now=now)
            taken += _lock(candidates, quantity - len(taken), availability=Availability.FREE)
    return taken


def _candidates(promoter: Promoter, filters: Filters, part: Q, quantity: int, *, now: dt.datetime) -> Iterator[int]:
    """Free clients in the order of (shard, id). Whoever takes the first ones causes no second query."""
    rows = Client.objects.filter(
        filters.condition(),
        offerable(promoter, now),
        part,
        reach(filters, Availability.FREE, part=part),
        availability=Availability.FREE,
    ).order_by("shard", "id")
    size = max(quantity, _FREE_PAGE)
    after = Q()
    while True:
        page = list(rows.filter(after).values_list("shard", "id")[:size])
        yield from (client_id for _shard, client_id in page)
        if len(page) < size:
            return
        shard, client_id = page[-1]
        after = Q(shard__gte=shard) & (Q(shard__gt=shard) | Q(id__gt=client_id))


def _lock(candidates: Iterator[int], quantity: int, *, availability: Availability) -> list[int]:
    """Lock the first `quantity` of these that nobody holds.

    Each look names as many rows as are missing and locks those, by their keys: a limit over more of them would lock
    what it then leaves.
    """
    locked: list[int] = []
    for _look in range(_LOOKS):
        named = list(itertools.islice(candidates, quantity - len(locked)))
        if not named:
            break
        found = Client.objects.filter(id__in=named).order_by("id").select_for_update(skip_locked=True)
        states = dict(found.values_list("id", "availability"))
        locked += [client_id for client_id in named if states.get(client_id) == availability]
    return locked
