"""The one door to what an opportunity is: its state, its clock, its history, and its client's availability.

Whatever is written of them is written here, a table of steps in front of it. Rows come locked, by `state.locking`.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import BigIntegerField, CharField, DateTimeField, F, Max, Value

from leadmaster.accounts.models import User
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import CompiledCopy, CompiledUpdate, Param, params
from opportunities.clocks.countdown import Countdown
from opportunities.enums import CLOSED, EventKind, OpportunityState, Origin
from opportunities.models import Lot, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.state import following

S = OpportunityState
_BATCH = 500
_LONGEST_REASON = 300
_NUMBER = BigIntegerField()


# For a field that counts up in a change, such as `attempts`.
ONE_MORE = F("attempts") + 1

# Closed ones stay closed: only taking back a step within its seconds, or a bulk action within its minutes, or annulling a
# sale opens them again.
TRANSITIONS: dict[OpportunityState, frozenset[OpportunityState]] = {
    S.ACTIVE: frozenset({S.ACTIVE, S.EXIT, S.POOL, S.WON, S.LOST}),
    S.EXIT: frozenset({S.ACTIVE, S.POOL, S.LOST}),
    S.POOL: frozenset({S.ACTIVE, S.EXIT, S.LOST}),
    S.WON: frozenset({S.WON, S.ACTIVE, S.EXIT}),
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
    clock: Countdown | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    kept: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move locked rows to `target` with these fields, and write their history and their clients' availability.

    `clock` is what an active row is given, and nothing else has one. `data` is for the history line; `kept` becomes the
    rows' own data.

    The same values for every row: a handful of queries, however many rows. The instances are brought up to date. Raises
    ValueError for a step that the table does not know, and for an active row without a word about its clock.
    """
    if not rows:
        return
    for row in rows:
        if target not in TRANSITIONS[OpportunityState(row.state)]:
            raise ValueError(f"an opportunity never goes from {row.state} to {target}")
    if (clock is not None) != (target is S.ACTIVE):
        raise ValueError("an active opportunity is given its clock, and no other one has any")
    fields = {**_of_state(target), **fields}
    if target is not S.ACTIVE or "stage_since" in fields:
        # Another stage, another limit of waiting for a client.
        fields.setdefault("hold_since", None)
    lines = _Lines(rows, now=now, by=by)
    OpportunityEvent.objects.bulk_create(
        [lines.of(row, target, kind=kind, reason=reason, data=data, fields=fields) for row in rows], batch_size=_BATCH
    )
    fields |= {**_columns(clock, now), **({"data": kept} if kept is not None else {}), "version": F("version") + 1}
    moved = [row for row in rows if row.state != target]
    ids = [row.pk for row in rows]
    Opportunity.objects.filter(id__in=[row.pk for row in rows if row.state == target]).update(state=target, **fields)
    if moved:
        held = {"open_client": None} if target in CLOSED else {"open_client_id": F("client_id")}
        Opportunity.objects.filter(id__in=[row.pk for row in moved]).update(
            state=target, **{"state_since": now, **fields}, **held
        )
        _make_available([row for row in moved if AVAILABILITY[S(row.state)] != AVAILABILITY[target]], target)
    following.follow(ids, target, kind=kind, by=by, now=now, fields=fields)
    fresh = Opportunity.objects.in_bulk(ids)
    for row in rows:
        row.__dict__.update(fresh[row.pk].__dict__)


def open_new(
    client_ids: Sequence[int],
    *,
    owner: Promoter,
    stage: Stage,
    clock: Countdown,
    kind: EventKind,
    origin: Origin,
    by: User,
    now: dt.datetime,
    lot: Lot | None = None,
    reason: str = "",
) -> None:
    """New, active opportunities of locked clients whom nobody works, with their first line of history. Three statements,
    whose words are compiled once: this is the way of every request."""
    count = len(client_ids)
    if not count:
        return
    _take(count)(clients=client_ids)
    _open(count)(
        clients=client_ids,
        now=now,
        team=owner.desk.team_id,
        owner=owner.pk,
        stage=stage.pk,
        lot=None if lot is None else lot.pk,
        origin=origin,
        **_columns(clock, now),
    )
    _remember(count)(clients=client_ids, now=now, by=by.pk, kind=kind, reason=_short(reason))


def retime(clocks: Mapping[Opportunity, Countdown], *, now: dt.datetime, by: User | None, reason: str) -> None:
    """Give locked, active rows other clocks, with a history line each. A statement for those whose clocks are the same,
    as those of one lot are, and one more for every few hundred."""
    alike: dict[tuple[Countdown, dt.datetime, dt.datetime | None], list[int]] = collections.defaultdict(list)
    lines = _Lines(list(clocks), now=now, by=by)
    events = []
    for row, clock in clocks.items():
        if row.state != S.ACTIVE:
            raise ValueError(f"an opportunity that is {row.state} has no clock")
        since = clock.since or now
        before = {
            "before": _iso(row.deadline),
            "paused_before": row.paused_seconds,
            "since": since.isoformat(),
        }
        if row.held_until is not None or clock.held_until is not None:
            before |= {"held_before": _iso(row.held_until), "held_until": _iso(clock.held_until)}
        first = row.hold_since or (now if clock.held_until is not None else None)
        events.append(lines.of(row, S.ACTIVE, kind=EventKind.RETIMED, reason=reason, data=before, fields={}))
        alike[clock, since, first].append(row.pk)
        for name, value in {**_columns(clock, now), "hold_since": first}.items():
            setattr(row, name, value)
        row.version += 1
    for (clock, _since, first), ids in alike.items():
        for start in range(0, len(ids), _BATCH):
            some = Opportunity.objects.filter(id__in=ids[start : start + _BATCH])
            some.update(version=F("version") + 1, hold_since=first, **_columns(clock, now))
    OpportunityEvent.objects.bulk_create(events, batch_size=_BATCH)


def put_right(
    row: Opportunity,
    target: OpportunityState,
    *,
    now: dt.datetime,
    reason: str,
    clock: Countdown | None = None,
    **fields: Any,
) -> None:
    """Make a locked row that is not true what it has to be: whatever it says now, and whatever the table of steps says.

    For `opportunities.reconciliation` alone. Its line of history begins where the last one ended, so that a history
    which lost the thread has it again. Who holds the client, and the client's availability, follow.
    """
    if (clock is not None) != (target is S.ACTIVE):
        raise ValueError("an active opportunity is given its clock, and no other one has any")
    fields = {**_of_state(target), **fields}
    line = _Lines([row], now=now, by=None).of(
        row, target, kind=EventKind.RECONCILED, reason=reason, data=None, fields=fields
    )
    told = OpportunityEvent.objects.filter(opportunity=row).order_by("-id").first()
    line.from_state = told.to_state if told else ""
    line.from_stage_id, line.from_owner_id = (told.to_stage_id, told.to_owner_id) if told else (None, None)
    line.save(force_insert=True)
    if row.state != target:
        fields["state_since"] = now
    if clock is None or clock.held_until is None:
        fields.setdefault("hold_since", None)
    Opportunity.objects.filter(pk=row.pk).update(
        state=target,
        open_client_id=None if target in CLOSED else row.client_id,
        version=F("version") + 1,
        **fields,
        **_columns(clock, now),
    )
    following.follow([row.pk], target, kind=EventKind.RECONCILED, by=None, now=now, fields=fields)
    make_available(row.client_id)


def availability_of(client_id: int) -> Availability:
    """What this client's opportunities say: the open one, else that there were any."""
    states = set(Opportunity.objects.filter(client=client_id).values_list("state", flat=True))
    for state in (S.ACTIVE, S.EXIT, S.POOL, S.WON, S.LOST):
        if state in states:
            return AVAILABILITY[state]
    return Availability.FREE


def make_available(client_id: int) -> None:
    """Write down what a locked client's opportunities say of it."""
    Client.objects.filter(id=client_id).update(availability=availability_of(client_id))


def remark(
    row: Opportunity, *, by: User, text: str, now: dt.datetime, data: dict[str, Any] | None = None
) -> OpportunityEvent:
    """A note on the history of a locked row. Changes nothing else. `data` tells programs what it is a note of."""
    event = _Lines([row], now=now, by=by).of(row, S(row.state), kind=EventKind.NOTE, reason=text, data=data, fields={})
    event.save(force_insert=True)
    return event


# --- What a state means for the other columns -------------------------------------------------------------------------


def _of_state(target: OpportunityState) -> dict[str, Any]:
    """A pooled one stays in the lot that it fell out of, so that the lot's counts tell where its rows went."""
    return {"owner": None, "stage": None} if target is S.POOL else {}


def _columns(clock: Countdown | None, now: dt.datetime) -> dict[str, Any]:
    """A clock as the row keeps it. `clock_since` is the moment from which it counts: what passed before it has passed."""
    clock = clock or Countdown()
    set_at = (clock.since or now) if clock != Countdown() else None
    return {
        "deadline": clock.deadline,
        "paused_seconds": clock.paused_seconds,
        "clock_since": set_at,
        "held_until": clock.held_until,
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _make_available(rows: Collection[Opportunity], target: OpportunityState) -> None:
    if rows:
        ids = [row.client_id for row in rows]
        Client.objects.filter(id__in=ids).update(availability=AVAILABILITY[target])


# --- History ----------------------------------------------------------------------------------------------------------


class _Lines:
    """The next line of each of these locked rows.

    Its time is never before that of the row's last line: `now` is when somebody asked, and others came first while they
    waited for the lock. One query.
    """

    def __init__(self, rows: Sequence[Opportunity], *, now: dt.datetime, by: User | None) -> None:
        self.now = now
        self.by = by
        last = OpportunityEvent.objects.filter(opportunity__in=[row.pk for row in rows]).order_by()
        self.last = dict(last.values_list("opportunity").annotate(at=Max("at")))

    def of(
        self,
        row: Opportunity,
        target: OpportunityState,
        *,
        kind: EventKind,
        reason: str,
        data: dict[str, Any] | None,
        fields: Mapping[str, Any],
    ) -> OpportunityEvent:
        return OpportunityEvent(
            opportunity=row,
            kind=kind,
            at=max(self.now, self.last.get(row.pk, self.now)),
            by=self.by,
            from_state=row.state,
            to_state=target,
            from_stage_id=row.stage_id,
            to_stage_id=_id(fields["stage"]) if "stage" in fields else row.stage_id,
            from_owner_id=row.owner_id,
            to_owner_id=_id(fields["owner"]) if "owner" in fields else row.owner_id,
            reason=_short(reason),
            data=data or {},
        )


def _id(value: Any) -> int | None:
    return None if value is None else int(value.pk)


def _short(reason: str) -> str:
    return reason.strip()[:_LONGEST_REASON]


# --- New ones ---------------------------------------------------------------------------------------------------------


def _clients(count: int) -> Any:
    return params("clients", _NUMBER, count)


@functools.lru_cache(maxsize=256)
def _take(count: int) -> CompiledUpdate:
    return CompiledUpdate(lambda: Client.objects.filter(id__in=_clients(count)), availability=AVAILABILITY[S.ACTIVE])


@functools.lru_cache(maxsize=256)
def _open(count: int) -> CompiledCopy:
    """From the clients, which are locked: nothing has to be read to be written again."""
    now = Param("now", DateTimeField())
    return CompiledCopy(
        Opportunity,
        lambda: Client.objects.filter(id__in=_clients(count)).order_by("id"),
        client=F("id"),
        open_client=F("id"),
        team=Param("team", _NUMBER),
        owner=Param("owner", _NUMBER),
        stage=Param("stage", _NUMBER),
        lot=Param("lot", _NUMBER),
        origin=Param("origin", CharField()),
        stage_since=now,
        state_since=now,
        deadline=Param("deadline", DateTimeField()),
        paused_seconds=Param("paused_seconds", _NUMBER),
        clock_since=Param("clock_since", DateTimeField()),
        created_at=now,
    )


@functools.lru_cache(maxsize=256)
def _remember(count: int) -> CompiledCopy:
    """From the opportunities: MySQL gives no ids back from a bulk insert."""
    return CompiledCopy(
        OpportunityEvent,
        lambda: Opportunity.objects.filter(open_client__id__in=_clients(count)).order_by("id"),
        opportunity=F("id"),
        kind=Param("kind", CharField()),
        at=Param("now", DateTimeField()),
        by=Param("by", _NUMBER),
        from_state=Value(""),
        to_state=F("state"),
        to_stage=F("stage_id"),
        to_owner=F("owner_id"),
        reason=Param("reason", CharField()),
    )
