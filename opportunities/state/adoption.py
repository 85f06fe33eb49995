"""The other door, for what another system worked: opportunities that come in with their history, in one write each.

The machine moves rows from state to state; these have no state here yet. What the machine promises holds here too: row,
clock, history and the client's availability are written together, an active one has its clock and nothing else has
any, and a client is held by one open opportunity at the most.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from leadmaster.accounts.models import Team, User
from leadmaster.directory.models import Client
from opportunities.clocks.setting import entering
from opportunities.enums import OPEN, EventKind, OpportunityState, Origin
from opportunities.models import Lot, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.state.machine import AVAILABILITY

S = OpportunityState


@dataclasses.dataclass(frozen=True, kw_only=True)
class PastEvent:
    """A line of the other system's history. `to_owner` is who had it afterwards."""

    kind: EventKind
    at: dt.datetime
    to_state: OpportunityState
    by: User | None = None
    from_stage: Stage | None = None
    to_stage: Stage | None = None
    to_owner: Promoter | None = None
    reason: str = ""
    data: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PastOpportunity:
    client: Client
    state: OpportunityState
    created_at: dt.datetime
    team: Team
    owner: Promoter | None = None
    stage: Stage | None = None
    lot: Lot | None = None
    origin: Origin = Origin.DRAW
    exit_reason: str = ""
    events: Sequence[PastEvent] = ()


def adopt(past: PastOpportunity, *, now: dt.datetime) -> Opportunity:
    """Runs in the caller's transaction. An active one gets its stage's whole timer, from now on in operating hours.

    Raises ValueError for a state that lacks what it takes, and IntegrityError when somebody works the client already.
    """
    _check(past)
    client = Client.objects.select_for_update().get(pk=past.client.pk)
    deadline, paused = None, None
    if past.state == S.ACTIVE and past.owner is not None and past.stage is not None:
        clock = entering(past.stage.pk, past.owner, now=now).clock
        deadline, paused = clock.deadline, clock.paused_seconds
    last = max((event.at for event in past.events if event.kind != EventKind.NOTE), default=past.created_at)
    row = Opportunity.objects.create(
        client=client,
        open_client=client if past.state in OPEN else None,
        team=past.team,
        owner=None if past.state == S.POOL else past.owner,
        stage=None if past.state == S.POOL else past.stage,
        lot=past.lot,
        state=past.state,
        origin=past.origin,
        stage_since=now if past.state == S.ACTIVE else last,
        state_since=last,
        deadline=deadline,
        paused_seconds=paused,
        clock_since=now if deadline is not None or paused is not None else None,
        exit_reason=past.exit_reason[:300],
        created_at=past.created_at,
    )
    OpportunityEvent.objects.bulk_create(_lines(row, past))
    # A closed one says nothing of a client whom somebody works.
    if past.state in OPEN or not Opportunity.objects.filter(open_client=client).exists():
        Client.objects.filter(pk=client.pk).update(availability=AVAILABILITY[past.state])
    return row


def _check(past: PastOpportunity) -> None:
    if past.state in (S.ACTIVE, S.EXIT, S.WON) and past.owner is None:
        raise ValueError(f"an opportunity that is {past.state} is somebody's")
    if past.state == S.ACTIVE and past.stage is None:
        raise ValueError("an active opportunity is in a stage")


def _lines(row: Opportunity, past: PastOpportunity) -> list[OpportunityEvent]:
    """Each line goes on from the one before it, and none is earlier."""
    lines: list[OpportunityEvent] = []
    state, owner_id, at = "", None, past.created_at
    for event in past.events:
        at = max(at, event.at)
        owner = event.to_owner
        lines.append(
            OpportunityEvent(
                opportunity=row,
                kind=event.kind,
                at=at,
                by=event.by,
                from_state=state,
                to_state=event.to_state,
                from_stage=event.from_stage,
                to_stage=event.to_stage,
                from_owner_id=owner_id,
                to_owner=owner,
                reason=event.reason[:300],
                data=event.data,
            )
        )
        state, owner_id = event.to_state, None if owner is None else owner.pk
    return lines
