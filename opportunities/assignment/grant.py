"""What a draw becomes: one lot, its opportunities, their first line of history. The number of queries does not grow."""

from __future__ import annotations

import datetime as dt

from leadmaster.lib.db.compiled import CompiledInsert
from opportunities.assignment.draw import Draw
from opportunities.assignment.filters import Filters
from opportunities.clocks.setting import entering
from opportunities.enums import EventKind, OpportunityState, Origin
from opportunities.models import Lot, Promoter
from opportunities.state import machine

_insert = CompiledInsert(Lot)


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


def open_opportunities(promoter: Promoter, lot: Lot, drawn: Draw, *, now: dt.datetime) -> None:
    """Pooled ones go on, free clients get new ones; every clock starts now. Their rows are locked."""
    stage, clock = entering(None, promoter, now=now, present=True)
    machine.change(
        drawn.pooled,
        OpportunityState.ACTIVE,
        kind=EventKind.ASSIGNED,
        now=now,
        by=promoter.user,
        clock=clock,
        owner=promoter,
        stage=stage,
        stage_since=now,
        lot=lot,
        extended=False,
        exit_reason="",
        attempts=machine.ONE_MORE,
    )
    machine.open_new(
        drawn.client_ids,
        owner=promoter,
        stage=stage,
        clock=clock,
        kind=EventKind.ASSIGNED,
        origin=Origin.DRAW,
        by=promoter.user,
        now=now,
        lot=lot,
    )
