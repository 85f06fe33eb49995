"""Take a bulk action back within its minutes: owners, stages, lots, cool-downs, quota, and the exact time left.

Each row is its own transaction, as it was done; what changed since stays as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.capacity import quota
from opportunities.capacity.availability import gave_work_away
from opportunities.clocks import setting
from opportunities.clocks.countdown import Countdown
from opportunities.enums import EventKind, OpportunityState, QuotaKind
from opportunities.errors import NotAllowed, Refused, WrongState
from opportunities.models import BulkAction, BulkItem, DailyQuota, Lot, Opportunity, Promoter, Stage
from opportunities.policy import require_supervisor
from opportunities.state import cooldowns, following, locking, machine
from opportunities.supervision import decisions
from opportunities.supervision.bulk import BulkReport, busy

UNDO_FOR = dt.timedelta(minutes=10)
_HOURS = "desk__calendar"


def require_author(action: BulkAction, user: User) -> None:
    """Raise NotAllowed for anybody but who did it."""
    if action.by_id != user.pk:
        raise NotAllowed(_("Solo quien hizo la acción puede deshacerla."))


def undo(action: BulkAction, *, by: User, now: dt.datetime) -> BulkReport:
    """Take a bulk action back: owners, stages, lots and the exact operating time left. What changed since stays.

    What a reassignment withdrew from somebody's campaigns stays withdrawn. A call that died half way is finished by
    the next one. Raises WrongState when it is too late or undone already, NotAllowed for anybody but its author.
    """
    require_author(action, by)
    if now - action.at > UNDO_FOR:
        raise WrongState(_("Ya pasaron los diez minutos para deshacer esta acción."))
    waiting = list(_waiting(action))
    if not waiting and action.items.filter(refused="").exists():
        raise WrongState(_("Esta acción ya se deshizo."))
    for owner in Promoter.objects.filter(pk__in={item.before["owner"] for item in waiting}).select_related(_HOURS):
        quota.ensure(owner, owner.desk.day_at(now))
    done: list[int] = []
    refused: dict[int, str] = {}
    for item in waiting:
        try:
            retrying(lambda item=item: _undo_item(item, by=by, now=now))  # type: ignore[misc]
            done.append(item.opportunity_id)
        except Refused as error:
            refused[item.opportunity_id] = str(error)
            BulkItem.objects.filter(pk=item.pk).update(undo_tried_at=now)
        except OperationalError as error:
            # Still to be undone: the next call comes for it.
            refused[item.opportunity_id] = busy(item.opportunity_id, error)
    if not _waiting(action):
        BulkAction.objects.filter(pk=action.pk, undone_at__isnull=True).update(undone_at=now)
    return BulkReport(action_id=action.pk, done=tuple(done), refused=refused)


def _waiting(action: BulkAction) -> Sequence[BulkItem]:
    """Done, and neither taken back nor found changed."""
    items = action.items.filter(refused="", undo_tried_at__isnull=True)
    return list(items.select_related("action", "opportunity").order_by("opportunity_id"))


@transaction.atomic(durable=True)
def _undo_item(item: BulkItem, *, by: User, now: dt.datetime) -> None:
    before = item.before
    owner = Promoter.objects.select_related(_HOURS).filter(pk=before["owner"]).first()
    if owner is not None:
        # It becomes theirs again without being charged: an absence that begins now has to see it.
        quota.hold(owner, owner.desk.day_at(now))
    charged = _charged_quota(item)
    row = locking.lock_one(item.opportunity_id)
    require_supervisor(by, row)
    claimed = BulkItem.objects.filter(pk=item.pk, undo_tried_at__isnull=True).update(undo_tried_at=now)
    if not claimed or row.version != item.version_after:
        raise WrongState(_("La oportunidad #%(id)s cambió después: queda como está.") % {"id": row.pk})
    if Opportunity.objects.filter(open_client_id=row.client_id).exclude(pk=row.pk).exists():
        raise WrongState(_("El cliente de la oportunidad #%(id)s ya está en otra.") % {"id": row.pk})
    if owner is not None and before["state"] == OpportunityState.ACTIVE and gave_work_away(owner, item.action.at):
        raise WrongState(_("%(who)s no está: reasígnala o devuélvela al pool.") % {"who": owner})
    if charged is not None:
        quota.refund(charged, 1, now=now, by=by, kind=QuotaKind.UNDO, lot=row.lot)
        quota.take_room_back(
            charged, before["room"], by=by, reason=kept(gettext_lazy("Se deshizo la reasignación.")), now=now
        )
    if row.owner_id != before["owner"] or before["state"] != OpportunityState.ACTIVE:
        # Whoever had it meanwhile may have written them into a campaign.
        decisions.withdraw_of_client(row, by=by, now=now)
    machine.change(
        [row],
        OpportunityState(before["state"]),
        kind=EventKind.UNDONE,
        now=now,
        by=by,
        owner=owner,
        stage=Stage.objects.filter(pk=before["stage"]).first(),
        lot=Lot.objects.filter(pk=before["lot"]).first(),
        team_id=before["team"],
        attempts=before["attempts"],
        extended=before["extended"],
        exit_reason=before["exit_reason"],
        stage_since=dt.datetime.fromisoformat(before["stage_since"]),
        # Its place in the queues of pool and inbox, too.
        state_since=dt.datetime.fromisoformat(before["state_since"]),
        hold_since=_moment(before, "hold_since"),
        clock=_clock_again(before, owner, now=now),
    )
    following.reopen(row, since=item.action.at)
    cooldowns.restore(row.client_id, before["cooldowns"])


def _clock_again(before: Mapping[str, Any], owner: Promoter | None, *, now: dt.datetime) -> Countdown | None:
    """The operating time that was left, from now on; None for what was not being worked."""
    if before["state"] != OpportunityState.ACTIVE or owner is None:
        return None
    held_until = _moment(before, "held_until")
    return setting.again(before["seconds_left"], before["stage"], owner, now=now, held_until=held_until)


def _moment(before: Mapping[str, Any], name: str) -> dt.datetime | None:
    """Of an action from before there was such a column, None."""
    told = before.get(name)
    return None if told is None else dt.datetime.fromisoformat(told)


def _charged_quota(item: BulkItem) -> DailyQuota | None:
    """The quota row that this item charged, locked first, as everywhere.

    Whoever has the row now received it then; had it moved on, the version tells and nothing is refunded.
    """
    action, owner_id = item.action, item.opportunity.owner_id
    if action.kind != BulkAction.Kind.REASSIGN or owner_id is None:
        return None
    # As it was written down: the desk's zone may have changed since.
    return DailyQuota.objects.select_for_update().filter(promoter=owner_id, day=item.before["charged_day"]).first()
