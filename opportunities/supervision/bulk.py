"""One verb over many rows: ids and versions frozen by whoever asked, each row on its own, done and refused told, undone in time.

Each row is its own transaction: one refusal stops nobody else, and a process that dies leaves whole rows behind.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import is_retryable, retrying
from opportunities.capacity import quota
from opportunities.clocks.countdown import time_left
from opportunities.enums import Concern, OpportunityState
from opportunities.errors import Refused, WrongState
from opportunities.models import BulkAction, BulkItem, Opportunity, Promoter
from opportunities.policy import not_yours
from opportunities.state import cooldowns, locking
from opportunities.supervision import decisions, sharing
from opportunities.supervision.frozen import Seen, by_id

MOST = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class BulkReport:
    """What was done and what was refused, with the reason of each."""

    action_id: int
    done: tuple[int, ...]
    refused: dict[int, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Taken:
    """One step taken: the row afterwards, and by how much somebody's quota was raised for it, and of which day it was charged."""

    row: Opportunity
    room: int = 0
    day: dt.date | None = None


# An opportunity, and the version at which it was seen.
Step = Callable[[int, int | None], _Taken]
Rows = Sequence[int | Seen]


def reassign(
    rows: Rows,
    *targets: Promoter,
    by: User,
    now: dt.datetime,
    reason: str = "",
    over_quota: bool = False,
    leave_out: Collection[Concern] = (),
) -> BulkReport:
    """Share these out among `targets`, as far as their quotas and capacities go; what is kept is refused with its why."""
    shared = sharing.share(rows, targets, by=by, now=now, leave_out=leave_out, over_quota=over_quota)
    return hand_out(shared.given, kept=shared.kept, by=by, now=now, reason=reason, over_quota=over_quota)


def hand_out(
    given: Mapping[Seen, Promoter],
    *,
    by: User,
    now: dt.datetime,
    kept: Mapping[int, str] | None = None,
    reason: str = "",
    over_quota: bool = False,
) -> BulkReport:
    """Reassign each of these to whom it is meant for, as somebody saw it shared; `kept` are told as refused."""
    targets = {target.pk: target for target in given.values()}
    days = {pk: target.desk.day_at(now) for pk, target in targets.items()}
    for pk, target in targets.items():
        quota.ensure(target, days[pk])
    receiver = {row.id: target for row, target in given.items()}
    why = kept or {}

    def step(opportunity_id: int, version: int | None) -> _Taken:
        if opportunity_id in why:
            raise WrongState(why[opportunity_id])
        target = receiver[opportunity_id]
        done = decisions.reassign_locked(
            opportunity_id,
            target,
            by=by,
            now=now,
            day=days[target.pk],
            reason=reason,
            over_quota=over_quota,
            version=version,
        )
        return _Taken(row=done.row, room=done.room, day=days[target.pk])

    return _each([*given, *why], step, kind=BulkAction.Kind.REASSIGN, by=by, now=now, reason=reason)


def return_to_pool(rows: Rows, *, by: User, now: dt.datetime, reason: str = "") -> BulkReport:
    def step(opportunity_id: int, version: int | None) -> _Taken:
        return _Taken(row=decisions.pool_locked(opportunity_id, by=by, now=now, reason=reason, version=version))

    return _each(rows, step, kind=BulkAction.Kind.POOL, by=by, now=now, reason=reason)


def close(rows: Rows, *, by: User, now: dt.datetime, reason: str) -> BulkReport:
    def step(opportunity_id: int, version: int | None) -> _Taken:
        return _Taken(row=decisions.close_locked(opportunity_id, by=by, now=now, reason=reason, version=version))

    return _each(rows, step, kind=BulkAction.Kind.CLOSE, by=by, now=now, reason=reason)


def give_back(rows: Rows, *, by: User, now: dt.datetime, reason: str = "") -> BulkReport:
    """From the inbox, each back to its own owner."""
    decisions.ensure_days(list(by_id(rows)), now=now)

    def step(opportunity_id: int, version: int | None) -> _Taken:
        return _Taken(row=decisions.give_back_locked(opportunity_id, by=by, now=now, reason=reason, version=version))

    return _each(rows, step, kind=BulkAction.Kind.GIVE_BACK, by=by, now=now, reason=reason)


# --- Doing -----------------------------------------------------------------------------------------------------------


def _each(rows: Rows, step: Step, *, kind: BulkAction.Kind, by: User, now: dt.datetime, reason: str) -> BulkReport:
    frozen = dict(by_id(rows))
    if len(frozen) > MOST:
        raise WrongState(_("Elige hasta %(most)d oportunidades por vez.") % {"most": MOST})
    action = BulkAction.objects.create(kind=kind, by=by, at=now, reason=reason.strip()[:300])
    known = set(Opportunity.objects.filter(id__in=list(frozen)).values_list("id", flat=True))
    # What is noted of each, to take it back, is read by the hours of now. Whose clock follows only here was seen before.
    for opportunity_id, version in locking.recalculate_now(sorted(known)).items():
        if frozen[opportunity_id] == version - 1:
            frozen[opportunity_id] = version
    done: list[int] = []
    refused = {opportunity_id: not_yours(opportunity_id) for opportunity_id in frozen if opportunity_id not in known}
    for opportunity_id in sorted(known):
        try:
            retrying(lambda pk=opportunity_id: _one(action, pk, frozen[pk], step, now))  # type: ignore[misc]
            done.append(opportunity_id)
        except Refused as error:
            refused[opportunity_id] = str(error)
            BulkItem.objects.create(action=action, opportunity_id=opportunity_id, refused=str(error)[:300])
        except OperationalError as error:
            refused[opportunity_id] = busy(opportunity_id, error)
            BulkItem.objects.create(action=action, opportunity_id=opportunity_id, refused=refused[opportunity_id])
    return BulkReport(action_id=action.pk, done=tuple(done), refused=refused)


def busy(opportunity_id: int, error: OperationalError) -> str:
    """For a row that others held through all the tries. Anything else is raised: it would meet every row alike."""
    if not is_retryable(error):
        raise error
    return _("La oportunidad #%(id)s está ocupada en este momento: vuelve a intentarlo.") % {"id": opportunity_id}


@transaction.atomic(durable=True)
def _one(action: BulkAction, opportunity_id: int, version: int | None, step: Step, now: dt.datetime) -> None:
    seen = Opportunity.objects.get(pk=opportunity_id)
    before = _snapshot(seen, now)
    taken = step(opportunity_id, version)
    if taken.row.version != seen.version + 1:
        raise WrongState(_("La oportunidad #%(id)s cambió mientras tanto.") % {"id": opportunity_id})
    before["room"] = taken.room
    before["charged_day"] = taken.day.isoformat() if taken.day is not None else None
    BulkItem.objects.create(action=action, opportunity=taken.row, before=before, version_after=taken.row.version)


def _snapshot(row: Opportunity, now: dt.datetime) -> dict[str, Any]:
    """What it takes to put the row back. It is read unlocked; `_one` drops the step if the row moved meanwhile."""
    left = None
    if row.state == OpportunityState.ACTIVE and row.owner is not None:
        left = time_left(row, calendar=row.owner.desk.calendar.as_value(), now=now)
    return {
        "state": row.state,
        "owner": row.owner_id,
        "stage": row.stage_id,
        "lot": row.lot_id,
        "team": row.team_id,
        "attempts": row.attempts,
        "extended": row.extended,
        "exit_reason": row.exit_reason,
        "stage_since": row.stage_since.isoformat(),
        "state_since": row.state_since.isoformat(),
        "seconds_left": None if left is None else left.total_seconds(),
        "cooldowns": cooldowns.snapshot(row.client_id),
    }
