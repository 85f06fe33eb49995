"""Take clients that nobody else is taking: no list of ids in memory, no NOT IN, no waiting.

The pool comes first, the oldest first. Free clients follow by index, each promoter from a shard of their own, so that
promoters don't queue on the same rows and taken ones don't pile up at the head of the index.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zlib

from django.db.models import Exists, OuterRef, Q, QuerySet

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint, Suppression
from opportunities.assignment.filters import Filters
from opportunities.models import CoolDown, Opportunity, Promoter

SHARDS = 64
# How many pooled rows one request looks at before it goes on to free clients.
_POOL_WINDOW = 2_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Draw:
    """Locked rows: pooled opportunities, and free clients for new ones."""

    pooled: list[Opportunity]
    clients: list[Client]
    seed: int

    def __len__(self) -> int:
        return len(self.pooled) + len(self.clients)


def draw(promoter: Promoter, filters: Filters, quantity: int, *, now: dt.datetime) -> Draw:
    """Lock up to `quantity`. Fewer than asked means that no more are there, or that others hold them now."""
    seed = zlib.crc32(f"{promoter.pk}:{now:%Y-%m-%d}".encode()) % SHARDS
    pooled = _from_pool(promoter, filters, quantity, now=now)
    clients = _free(promoter, filters, quantity - len(pooled), seed=seed, now=now)
    return Draw(pooled=pooled, clients=clients, seed=seed)


def offerable(promoter: Promoter, now: dt.datetime) -> Q:
    """Clients that may be offered: present in the directory, not resting for this promoter, not opted out."""
    resting = CoolDown.objects.filter(promoter=promoter, client=OuterRef("pk"), until__gt=now)
    return Q(gone_at__isnull=True) & ~Exists(resting) & ~Exists(_opted_out(OuterRef("pk")))


def _opted_out(client: OuterRef) -> QuerySet[ContactPoint]:
    suppressed = Suppression.objects.filter(phone=OuterRef("normalised"))
    return ContactPoint.objects.filter(Exists(suppressed), client=client)


def _from_pool(promoter: Promoter, filters: Filters, quantity: int, *, now: dt.datetime) -> list[Opportunity]:
    if quantity <= 0:
        return []
    oldest = Opportunity.objects.filter(team=promoter.desk.team).pool().values("open_client_id")[:_POOL_WINDOW]
    window = [row["open_client_id"] for row in oldest]
    if not window:
        return []
    wanted = set(
        Client.objects.filter(offerable(promoter, now), filters.condition(), id__in=window).values_list("id", flat=True)
    )
    in_order = [client_id for client_id in window if client_id in wanted]
    free = set(
        Client.objects.filter(id__in=in_order[: 3 * quantity], availability=Availability.POOL)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)
    )
    chosen = [client_id for client_id in in_order if client_id in free][:quantity]
    rows = Opportunity.objects.pool().filter(open_client_id__in=chosen).order_by("id")
    return list(rows.select_for_update(skip_locked=True)) if chosen else []


def _free(promoter: Promoter, filters: Filters, quantity: int, *, seed: int, now: dt.datetime) -> list[Client]:
    if quantity <= 0:
        return []
    rows = Client.objects.filter(filters.condition(), offerable(promoter, now), availability=Availability.FREE)
    taken: list[Client] = []
    for part in (Q(shard__gte=seed), Q(shard__lt=seed)):
        missing = quantity - len(taken)
        if missing:
            page = rows.filter(part).order_by("shard", "id").select_for_update(skip_locked=True)
            taken += page[:missing]
    return taken
