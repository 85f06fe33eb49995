"""What is overdue goes to the pool: some hundreds at a time, by value, its statements compiled once.

An overdue opportunity is overdue for everybody from its deadline on; `expire_timers` only moves it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

from django.db import transaction
from django.db.models import DateTimeField
from django.utils.translation import gettext as _

from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import Param, PreparedRows
from leadmaster.lib.db.retry import retrying
from opportunities.clocks import backlog
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.state import cooldowns, locking, machine, withdrawal
from opportunities.state.locked_row import LockedOpportunity, number_params, padded, padded_size

BATCH = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExpiryReport:
    """What one pass of the cron did."""

    expired: int
    batches: int


def expire_timers(now: dt.datetime, *, limit: int | None = None) -> ExpiryReport:
    """Move what is overdue to the pool, in batches with their own transaction. Safe to run twice at once or to die."""
    expired = batches = 0
    while limit is None or expired < limit:
        size = BATCH if limit is None else min(BATCH, limit - expired)
        moved = retrying(functools.partial(_expire_batch, now, size))
        if not moved:
            break
        expired, batches = expired + moved, batches + 1
    return ExpiryReport(expired=expired, batches=batches)


@transaction.atomic(durable=True)
def _expire_batch(now: dt.datetime, size: int) -> int:
    rows = _take(now, size)
    cooldowns.start(rows, now=now)
    withdrawal.withdraw_of(rows, by=None, now=now, reason=_("Venció el plazo de la oportunidad."))
    machine.expire(rows, now=now, reason=_("Venció el plazo de la etapa."))
    return len(rows)


def _take(now: dt.datetime, most: int) -> list[LockedOpportunity]:
    """Lock up to `most` of what is overdue, the longest first, with their clients; what somebody holds is left to them.

    Clocks that have not followed a change of hours follow it first: by the new ones they are perhaps not overdue.
    """
    client_of = dict(_overdue(most)(now=now))
    if not client_of:
        return []
    behind = backlog.in_backlog(list(client_of))
    if behind:
        locking.lock_free(behind)
    clients = sorted(client_of.values())
    free = {pk for (pk,) in _free_clients(padded_size(clients))(clients=padded(clients))}
    ids = sorted(pk for pk, client in client_of.items() if client in free)
    if not ids:
        return []
    # What the index said may have changed until it was locked.
    return [
        LockedOpportunity(pk, client, owner, stage)
        for pk, client, owner, stage, state, deadline in _rows(padded_size(ids))(ids=padded(ids))
        if state == OpportunityState.ACTIVE and deadline is not None and deadline <= now
    ]


@functools.lru_cache(maxsize=64)
def _overdue(most: int) -> PreparedRows:
    by = Param("now", DateTimeField())
    return PreparedRows(
        lambda: Opportunity.objects.overdue(by).order_by("deadline", "id").values_list("id", "client_id")[:most]  # type: ignore[arg-type]  # what stands for it
    )


@functools.lru_cache(maxsize=64)
def _free_clients(size: int) -> PreparedRows:
    return PreparedRows(
        lambda: (
            Client.objects.filter(id__in=number_params("clients", size))
            .order_by("id")
            .select_for_update(skip_locked=True)
            .values_list("id")
        )
    )


@functools.lru_cache(maxsize=64)
def _rows(size: int) -> PreparedRows:
    return PreparedRows(
        lambda: (
            Opportunity.objects.filter(id__in=number_params("ids", size))
            .order_by("id")
            .select_for_update(skip_locked=True)
            .values_list("id", "client_id", "owner_id", "stage_id", "state", "deadline")
        )
    )
