"""One verb over many rows: ids frozen by whoever asked, each row on its own, done and refused told, undone in time.

Each row is its own transaction: one refusal stops nobody else, and a process that dies leaves whole rows behind.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import add_operating_time
from leadmaster.lib.clock import business_day
from leadmaster.lib.db import retrying
from opportunities import states, supervision
from opportunities.assignment import quota
from opportunities.enums import EventKind, OpportunityState, QuotaKind
from opportunities.errors import NotAllowed, Refused, WrongState
from opportunities.models import BulkAction, BulkItem, DailyQuota, Lot, Opportunity, Promoter, Stage
from opportunities.policy import require_supervisor
from opportunities.timers import calendar_of, seconds_left

UNDO_FOR = dt.timedelta(minutes=10)
MOST = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class BulkReport:
    """What was done and what was refused, with the reason of each."""

    action_id: int
    done: tuple[int, ...]
    refused: dict[int, str]


Step = Callable[[int], Opportunity]


def reassign(
    ids: Sequence[int], target: Promoter, *, by: User, now: dt.datetime, reason: str = "", over_quota: bool = False
) -> BulkReport:
    """Reassign each of these to `target`, as far as their quota and capacity go."""
    day = business_day(now, target.desk.calendar.tz)
    quota.ensure(target, day)

    def step(opportunity_id: int) -> Opportunity:
        return supervision.reassign_locked(
            opportunity_id, target, by=by, now=now, day=day, reason=reason, over_quota=over_quota
        )

    return _each(ids, step, kind=BulkAction.Kind.REASSIGN, by=by, now=now, reason=reason)


def return_to_pool(ids: Sequence[int], *, by: User, now: dt.datetime, reason: str = "") -> BulkReport:
    def step(opportunity_id: int) -> Opportunity:
        return supervision.pool_locked(opportunity_id, by=by, now=now, reason=reason)

    return _each(ids, step, kind=BulkAction.Kind.POOL, by=by, now=now, reason=reason)


def close(ids: Sequence[int], *, by: User, now: dt.datetime, reason: str) -> BulkReport:
    def step(opportunity_id: int) -> Opportunity:
        return supervision.close_locked(opportunity_id, by=by, now=now, reason=reason)

    return _each(ids, step, kind=BulkAction.Kind.CLOSE, by=by, now=now, reason=reason)


def undo(action: BulkAction, *, by: User, now: dt.datetime) -> BulkReport:
    """Take a bulk action back: owners, stages, lots and the exact operating time left. What changed since stays.

    Raises WrongState when it is too late or undone already, NotAllowed for anybody but its author.
    """
    if action.by_id != by.pk:
        raise NotAllowed(_("Solo quien hizo la acción puede deshacerla."))
    if now - action.at > UNDO_FOR:
        raise WrongState(_("Ya pasaron los diez minutos para deshacer esta acción."))
    if BulkAction.objects.filter(pk=action.pk, undone_at__isnull=True).update(undone_at=now) != 1:
        raise WrongState(_("Esta acción ya se deshizo."))
    done: list[int] = []
    refused: dict[int, str] = {}
    for item in action.items.filter(refused="").order_by("opportunity_id"):
        try:
            retrying(lambda item=item: _undo_item(item, by=by, now=now))  # type: ignore[misc]
            done.append(item.opportunity_id)
        except Refused as error:
            refused[item.opportunity_id] = str(error)
    return BulkReport(action_id=action.pk, done=tuple(done), refused=refused)


# --- Private ---------------------------------------------------------------------------------------------------------


def _each(
    ids: Sequence[int], step: Step, *, kind: BulkAction.Kind, by: User, now: dt.datetime, reason: str
) -> BulkReport:
    if len(ids) > MOST:
        raise WrongState(_("Elige hasta %(most)d oportunidades por vez.") % {"most": MOST})
    action = BulkAction.objects.create(kind=kind, by=by, at=now, reason=reason.strip()[:300])
    done: list[int] = []
    refused: dict[int, str] = {}
    for opportunity_id in sorted(set(ids)):
        try:
            retrying(lambda pk=opportunity_id: _one(action, pk, step, now))  # type: ignore[misc]
            done.append(opportunity_id)
        except Refused as error:
            refused[opportunity_id] = str(error)
            BulkItem.objects.create(action=action, opportunity_id=opportunity_id, refused=str(error)[:300])
    return BulkReport(action_id=action.pk, done=tuple(done), refused=refused)


@transaction.atomic(durable=True)
def _one(action: BulkAction, opportunity_id: int, step: Step, now: dt.datetime) -> None:
    seen = Opportunity.objects.get(pk=opportunity_id)
    before = _snapshot(seen, now)
    row = step(opportunity_id)
    if row.version != seen.version + 1:
        raise WrongState(_("La oportunidad #%(id)s cambió mientras tanto.") % {"id": opportunity_id})
    BulkItem.objects.create(action=action, opportunity=row, before=before, version_after=row.version)


def _snapshot(row: Opportunity, now: dt.datetime) -> dict[str, Any]:
    return {
        "state": row.state,
        "owner": row.owner_id,
        "stage": row.stage_id,
        "lot": row.lot_id,
        "team": row.team_id,
        "extended": row.extended,
        "exit_reason": row.exit_reason,
        "stage_since": row.stage_since.isoformat(),
        "seconds_left": seconds_left(row, calendar=calendar_of(row), now=now),
    }


@transaction.atomic(durable=True)
def _undo_item(item: BulkItem, *, by: User, now: dt.datetime) -> None:
    before = item.before
    charged = _quota_of(item)
    [row] = states.lock([item.opportunity_id])
    require_supervisor(by, row)
    if row.version != item.version_after:
        raise WrongState(_("La oportunidad #%(id)s cambió después: queda como está.") % {"id": row.pk})
    taken = Opportunity.objects.filter(open_client_id=row.client_id).exclude(pk=row.pk).exists()
    if taken:
        raise WrongState(_("El cliente de la oportunidad #%(id)s ya está en otra.") % {"id": row.pk})
    if charged is not None:
        quota.refund(charged, 1, now=now, by=by, kind=QuotaKind.UNDO)
    target = OpportunityState(before["state"])
    fields: dict[str, Any] = {
        "owner": Promoter.objects.filter(pk=before["owner"]).first(),
        "stage": Stage.objects.filter(pk=before["stage"]).first(),
        "lot": Lot.objects.filter(pk=before["lot"]).first(),
        "team_id": before["team"],
        "extended": before["extended"],
        "exit_reason": before["exit_reason"],
        "stage_since": dt.datetime.fromisoformat(before["stage_since"]),
    }
    if target is OpportunityState.ACTIVE and before["seconds_left"] is not None:
        left = dt.timedelta(seconds=before["seconds_left"])
        fields["deadline"] = add_operating_time(now, left, calendar_of(row))
    states.change([row], target, kind=EventKind.UNDONE, now=now, by=by, **fields)


def _quota_of(item: BulkItem) -> DailyQuota | None:
    """The quota row that this item charged, locked first, as everywhere."""
    action = item.action
    if action.kind != BulkAction.Kind.REASSIGN:
        return None
    owner = Opportunity.objects.select_related("owner__desk__calendar").get(pk=item.opportunity_id).owner
    if owner is None:
        return None
    day = business_day(action.at, owner.desk.calendar.tz)
    return DailyQuota.objects.select_for_update().filter(promoter=owner, day=day).first()
