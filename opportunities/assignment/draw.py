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

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import SHARDS, Client
from opportunities.assignment import candidates
from opportunities.assignment.candidates import Place
from opportunities.assignment.filters import Filters
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Promoter

# Pooled rows are looked at by the page, the oldest first; the first page is enough for most.
_POOL_PAGES = (100, 900, 2_000, 3_000, 4_000)
# How many of a segment's pooled clients come once more when the pages are over.
_SEGMENT = 2_000
# So many shards are looked at by one query; more where only some of the rows match.
_STRIDE, _WIDE_STRIDE = 2, 8
# How far a request looks along the index, all strides together, for filters that the index does not carry.
WINDOW = 20_000
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


def draw(promoter: Promoter, filters: Filters, quantity: int, *, few: bool = False, now: dt.datetime) -> Draw:
    """Lock up to `quantity`. Fewer than asked means that no more are there, or that others hold them now.

    `few`: a count has just found no more than a thousand. It changes what a look costs, not what is found.
    """
    seed = zlib.crc32(f"{promoter.pk}:{now:%Y-%m-%d}".encode()) % SHARDS
    pooled = _from_pool(promoter, filters, quantity, now=now)
    client_ids = _free(promoter, filters, quantity - len(pooled), seed=seed, few=few, now=now)
    return Draw(pooled=pooled, client_ids=client_ids, seed=seed)


# --- The pool ---------------------------------------------------------------------------------------------------------


def _from_pool(promoter: Promoter, filters: Filters, quantity: int, *, now: dt.datetime) -> list[Opportunity]:
    chosen: list[int] = []
    for page in _pages(promoter, filters) if quantity > 0 else ():
        wanted = candidates.offered(promoter, filters, page, now=now)
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


def _pages(promoter: Promoter, filters: Filters) -> Iterator[list[int]]:
    """The team's pooled clients, the oldest first, a page at a time.

    When the pages are over and the pool is not, those in the filters' own part of the directory come once more, by its
    index: a segment is not lost behind the others' old rows.
    """
    team = promoter.desk.team_id
    since: tuple[dt.datetime, int] | None = None
    for size in _POOL_PAGES:
        page = candidates.pooled(team, size, since=since)
        yield [client_id for client_id, _since, _id in page]
        if len(page) < size:
            return
        since = page[-1][1], page[-1][2]
    if filters.as_dict():
        part = Client.objects.filter(
            filters.condition(), availability=Availability.POOL, open_opportunity__team_id=team
        )
        segment = list(part.values_list("open_opportunity__state_since", "id")[:_SEGMENT])
        yield [client_id for _since, client_id in sorted(segment)]


# --- Free clients -----------------------------------------------------------------------------------------------------


def _free(promoter: Promoter, filters: Filters, quantity: int, *, seed: int, few: bool, now: dt.datetime) -> list[int]:
    """Lock free clients from the seed's shard on, round to it again. Candidates are read without a lock, a few at a
    time, and taken by their keys."""
    width = _STRIDE if filters.carried() else _WIDE_STRIDE
    strides = list(_strides(seed, SHARDS if few and filters.carried() else width))
    return _lock(_candidates(promoter, filters, quantity, strides, now=now), quantity, availability=Availability.FREE)


def _candidates(
    promoter: Promoter, filters: Filters, quantity: int, strides: Sequence[tuple[int, int]], *, now: dt.datetime
) -> Iterator[int]:
    """Free clients in the order of (shard, id). Whoever takes the first ones causes no second query."""
    if quantity <= 0:
        return
    size = max(quantity, _FREE_PAGE)
    for start, end in strides:
        stop: Place | None = None
        if not filters.carried():
            stop = candidates.ahead(filters, WINDOW // len(strides), start=start, end=end)
        page: Sequence[Place] = [(start, 0)] * size
        while len(page) == size:
            page = candidates.free(promoter, filters, size, after=page[-1], end=end, stop=stop, now=now)
            yield from (client_id for _shard, client_id in page)


def _strides(seed: int, width: int) -> Iterator[tuple[int, int]]:
    """All shards from the seed on, round to it again, so many at a time.

    Where there are many clients the strides have to be short: over a wide one the database finds it cheaper to begin
    at the head of the index, and passes by all that comes before the seed.
    """
    for first, last in ((seed, SHARDS), (0, seed)):
        for start in range(first, last, width):
            yield start, min(start + width, last)


def _lock(ids: Iterator[int], quantity: int, *, availability: Availability) -> list[int]:
    """Lock the first `quantity` of these that nobody holds.

    Each look names as many rows as are missing and locks those, by their keys: a limit over more of them would lock
    what it then leaves.
    """
    locked: list[int] = []
    for _look in range(_LOOKS):
        named = list(itertools.islice(ids, quantity - len(locked)))
        if not named:
            break
        states = candidates.locked(named)
        locked += [client_id for client_id in named if states.get(client_id) == availability]
    return locked
