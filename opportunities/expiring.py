"""What is overdue, taken for its move to the pool: by value, some hundreds at a time, its statements compiled once."""

from __future__ import annotations

import datetime as dt
import functools

from django.db.models import DateTimeField

from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import Param, PreparedRows
from opportunities.clocks import backlog
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.state import machine
from opportunities.state.locked_row import Held, filled, number_params, size_for


def take(now: dt.datetime, most: int) -> list[Held]:
    """Lock up to `most` of what is overdue, the longest first, with their clients; what somebody holds is left to them.

    Clocks that have not followed a change of hours follow it first: by the new ones they are perhaps not overdue.
    """
    client_of = dict(_overdue(most)(now=now))
    if not client_of:
        return []
    behind = backlog.waiting_among(list(client_of))
    if behind:
        machine.lock_free(behind)
    clients = sorted(client_of.values())
    free = {pk for (pk,) in _free_clients(size_for(clients))(clients=filled(clients))}
    ids = sorted(pk for pk, client in client_of.items() if client in free)
    if not ids:
        return []
    # What the index said may have changed until it was locked.
    return [
        Held(pk, client, owner, stage)
        for pk, client, owner, stage, state, deadline in _rows(size_for(ids))(ids=filled(ids))
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
