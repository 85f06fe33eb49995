"""The one door to `Opportunity.state`: a table, one UPDATE for all rows of a change, their history, their clients.

Lock order everywhere: quota → clients → opportunities → lot.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import BigIntegerField, CharField, DateTimeField, F, Value

from leadmaster.accounts.models import User
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import Param, PreparedCopy, PreparedUpdate
from opportunities.clocks.countdown import Countdown
from opportunities.enums import CLOSED, EventKind, OpportunityState
from opportunities.models import Opportunity, OpportunityEvent
from opportunities.state.locked_row import LockedOpportunity, number_params, padded, padded_size

S = OpportunityState
_BATCH = 500


# For a field that counts up in a change, such as `attempts`.
ONE_MORE = F("attempts") + 1

# Closed ones stay closed: only taking back a bulk action, within its minutes, opens them again.
TRANSITIONS: dict[OpportunityState, frozenset[OpportunityState]] = {
    S.ACTIVE: frozenset({S.ACTIVE, S.EXIT, S.POOL, S.WON, S.LOST}),
    S.EXIT: frozenset({S.ACTIVE, S.POOL, S.LOST}),
    S.POOL: frozenset({S.ACTIVE, S.EXIT, S.LOST}),
    S.WON: frozenset(),
    S.LOST: frozenset({S.ACTIVE, S.EXIT, S.POOL}),
}

AVAILABILITY: dict[OpportunityState, Availability] = {
    S.ACTIVE: Availability.TAKEN,
    S.EXIT: Availability.TAKEN,
    S.POOL: Availability.POOL,
    S.WON: Availability.CLOSED,
    S.LOST: Availability.CLOSED,
}


def change(
    rows: Sequence[Opportunity],
    target: OpportunityState,
    *,
    kind: EventKind,
    now: dt.datetime,
    by: User | None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    kept: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move locked rows to `target` with these fields, and write their history and their clients' availability.

    `data` is for the history line; `kept` becomes the rows' own data.

    The same values for every row: two queries and one more for the clients, however many. The instances are brought
    up to date. Raises ValueError for a step that the table does not know.
    """
    if not rows:
        return
    for row in rows:
        if target not in TRANSITIONS[OpportunityState(row.state)]:
            raise ValueError(f"an opportunity never goes from {row.state} to {target}")
    events = [_event(row, target, kind=kind, now=now, by=by, reason=reason, data=data, fields=fields) for row in rows]
    fields = {**_of_state(target), **fields, **({"data": kept} if kept is not None else {})}
    moved = [row for row in rows if row.state != target]
    same = {"version": F("version") + 1, **fields}
    ids = [row.pk for row in rows]
    Opportunity.objects.filter(id__in=[row.pk for row in rows if row.state == target]).update(state=target, **same)
    if moved:
        held = {"open_client": None} if target in CLOSED else {"open_client_id": F("client_id")}
        Opportunity.objects.filter(id__in=[row.pk for row in moved]).update(
            state=target, **{"state_since": now, **same}, **held
        )
        _make_available([row for row in moved if AVAILABILITY[S(row.state)] != AVAILABILITY[target]], target)
    OpportunityEvent.objects.bulk_create(events)
    fresh = Opportunity.objects.in_bulk(ids)
    for row in rows:
        row.__dict__.update(fresh[row.pk].__dict__)


def expire(rows: Sequence[LockedOpportunity], *, now: dt.datetime, reason: str) -> None:
    """Move these locked, active rows to the pool because their time is up: three statements, and no row is read."""
    if not rows:
        return
    ids, clients = padded([row.pk for row in rows]), padded([row.client_id for row in rows])
    size = len(ids)
    _remember_expired(size)(ids=ids, now=now, reason=reason.strip()[:300])
    _pool(size)(ids=ids, now=now)
    _offer(size)(clients=clients)


@functools.lru_cache(maxsize=64)
def _remember_expired(size: int) -> PreparedCopy:
    """From the rows as they still are."""
    return PreparedCopy(
        OpportunityEvent,
        lambda: Opportunity.objects.filter(id__in=number_params("ids", size)).order_by("id"),
        opportunity=F("id"),
        kind=Value(EventKind.EXPIRED),
        at=Param("now", DateTimeField()),
        from_state=F("state"),
        to_state=Value(S.POOL),
        from_stage=F("stage_id"),
        from_owner=F("owner_id"),
        reason=Param("reason", CharField()),
    )


@functools.lru_cache(maxsize=64)
def _pool(size: int) -> PreparedUpdate:
    return PreparedUpdate(
        lambda: Opportunity.objects.filter(id__in=number_params("ids", size)),
        state=S.POOL,
        state_since=Param("now", DateTimeField()),
        version=F("version") + 1,
        **_of_state(S.POOL),
    )


@functools.lru_cache(maxsize=64)
def _offer(size: int) -> PreparedUpdate:
    return PreparedUpdate(
        lambda: Client.objects.filter(id__in=number_params("clients", size)), availability=AVAILABILITY[S.POOL]
    )


def retime(clocks: Mapping[Opportunity, Countdown], *, now: dt.datetime, by: User | None, reason: str) -> None:
    """Give locked, active rows other clocks, with a history line each. A statement for those whose clocks are the same,
    as those of one lot are, and one more for every few hundred."""
    events = []
    alike: dict[Countdown, list[int]] = collections.defaultdict(list)
    for row, clock in clocks.items():
        if row.state != S.ACTIVE:
            raise ValueError(f"an opportunity that is {row.state} has no clock")
        before = {"before": row.deadline.isoformat() if row.deadline else None, "paused_before": row.paused_seconds}
        events.append(
            _event(row, S.ACTIVE, kind=EventKind.RETIMED, now=now, by=by, reason=reason, data=before, fields={})
        )
        alike[clock].append(row.pk)
        row.deadline, row.paused_seconds = clock.deadline, clock.paused_seconds
        row.version += 1
    for clock, ids in alike.items():
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            _set_clock(padded_size(some))(ids=padded(some), **clock.as_fields())
    OpportunityEvent.objects.bulk_create(events, batch_size=_BATCH)


@functools.lru_cache(maxsize=64)
def _set_clock(size: int) -> PreparedUpdate:
    return PreparedUpdate(
        lambda: Opportunity.objects.filter(id__in=number_params("ids", size)),
        deadline=Param("deadline", DateTimeField()),
        paused_seconds=Param("paused_seconds", BigIntegerField()),
        version=F("version") + 1,
    )


def _of_state(target: OpportunityState) -> dict[str, Any]:
    """What a state means for the other columns. Whoever makes a row active says its clock.

    A pooled one stays in the lot that it fell out of, so that the lot's counts tell where its rows went.
    """
    fields: dict[str, Any] = {"deadline": None, "paused_seconds": None}
    if target is S.POOL:
        fields |= {"owner": None, "stage": None}
    return fields


def _make_available(rows: Collection[Opportunity], target: OpportunityState) -> None:
    if rows:
        ids = [row.client_id for row in rows]
        Client.objects.filter(id__in=ids).update(availability=AVAILABILITY[target])


def _event(
    row: Opportunity,
    target: OpportunityState,
    *,
    kind: EventKind,
    now: dt.datetime,
    by: User | None,
    reason: str,
    data: dict[str, Any] | None,
    fields: dict[str, Any],
) -> OpportunityEvent:
    after = {**_of_state(target), **fields}
    return OpportunityEvent(
        opportunity=row,
        kind=kind,
        at=now,
        by=by,
        from_state=row.state,
        to_state=target,
        from_stage_id=row.stage_id,
        to_stage_id=_id(after["stage"]) if "stage" in after else row.stage_id,
        from_owner_id=row.owner_id,
        to_owner_id=_id(after["owner"]) if "owner" in after else row.owner_id,
        reason=reason.strip()[:300],
        data=data or {},
    )


def _id(value: Any) -> int | None:
    return None if value is None else int(value.pk)
