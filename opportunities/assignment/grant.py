"""What a draw becomes: one lot, its opportunities, their first line of history. The number of queries does not grow."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, F, Value

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import Param, PreparedCopy, PreparedInsert, PreparedUpdate, params
from opportunities.assignment.draw import Draw
from opportunities.assignment.filters import Filters
from opportunities.clocks.countdown import deadline_for
from opportunities.clocks.hours import hours_of
from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Lot, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.state import machine

_NUMBER = BigIntegerField()
_now = Param("now", DateTimeField())
_insert = PreparedInsert(Lot)


def open_lot(
    promoter: Promoter, filters: Filters, asked: int, drawn: Draw, *, seen: int, day: dt.date, now: dt.datetime
) -> Lot:
    lot = Lot(
        promoter_id=promoter.pk,
        team_id=promoter.desk.team_id,
        day=day,
        created_at=now,
        asked=asked,
        granted=len(drawn),
        from_pool=len(drawn.pooled),
        filters=filters.as_dict(),
        available_seen=seen,
        seed=drawn.seed,
    )
    return _insert(lot)


def open_opportunities(promoter: Promoter, lot: Lot, drawn: Draw, *, stage: Stage, now: dt.datetime) -> None:
    """Pooled ones go on, free clients get new ones; every clock starts now. Their rows are locked."""
    deadline = deadline_for(stage, calendar=hours_of(promoter.desk.team_id), now=now)
    machine.change(
        drawn.pooled,
        OpportunityState.ACTIVE,
        kind=EventKind.ASSIGNED,
        now=now,
        by=promoter.user,
        owner=promoter,
        stage=stage,
        stage_since=now,
        lot=lot,
        deadline=deadline,
        extended=False,
        exit_reason="",
        attempts=machine.ONE_MORE,
    )
    if not drawn.client_ids:
        return
    of_lot = {"team": lot.team_id, "owner": promoter.pk, "stage": stage.pk, "lot": lot.pk}
    count = len(drawn.client_ids)
    _take(count)(clients=drawn.client_ids)
    _open(count)(clients=drawn.client_ids, now=now, deadline=deadline, **of_lot)
    _remember(lot=lot.pk, now=now, by=promoter.user_id)


def _clients(count: int) -> Any:
    return params("clients", _NUMBER, count)


@functools.lru_cache(maxsize=256)
def _take(count: int) -> PreparedUpdate:
    return PreparedUpdate(lambda: Client.objects.filter(id__in=_clients(count)), availability=Availability.TAKEN)


@functools.lru_cache(maxsize=256)
def _open(count: int) -> PreparedCopy:
    """From the clients, which are locked: nothing has to be read to be written again."""
    return PreparedCopy(
        Opportunity,
        lambda: Client.objects.filter(id__in=_clients(count)).order_by("id"),
        client=F("id"),
        open_client=F("id"),
        team=Param("team", _NUMBER),
        owner=Param("owner", _NUMBER),
        stage=Param("stage", _NUMBER),
        lot=Param("lot", _NUMBER),
        stage_since=_now,
        state_since=_now,
        deadline=Param("deadline", DateTimeField()),
        created_at=_now,
    )


# From the opportunities: MySQL gives no ids back from a bulk insert. Pooled ones have been changed since their first
# version, and have their line.
_remember = PreparedCopy(
    OpportunityEvent,
    lambda: Opportunity.objects.filter(lot_id=Param("lot", _NUMBER), version=1).order_by("id"),
    opportunity=F("id"),
    kind=Value(EventKind.ASSIGNED),
    at=_now,
    by=Param("by", _NUMBER),
    to_state=F("state"),
    to_stage=F("stage_id"),
    to_owner=F("owner_id"),
)
