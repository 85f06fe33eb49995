"""Take one's own last step back, within its seconds: the stage, the facts, and the operating time that was left.

A slip of the thumb, not a decision: only who took the step takes it back, and only while nothing else has happened. What
an exit withdrew from somebody's campaigns stays withdrawn.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from opportunities.capacity import quota
from opportunities.capacity.availability import gave_work_away
from opportunities.clocks import setting
from opportunities.clocks.countdown import Countdown
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import NotAllowed, WrongState
from opportunities.models import Opportunity, OpportunityEvent, Promoter, Sale, Stage
from opportunities.policy import WORK, may_supervise, not_yours, require_worker
from opportunities.state import cooldowns, following, locking, machine
from opportunities.state.before import BEFORE, moment

UNDO_FOR: Final = dt.timedelta(seconds=10)
# It was pressed in time, and the network took its own.
_ON_ITS_WAY: Final = dt.timedelta(seconds=5)
_STEPS = (EventKind.MOVED, EventKind.EXITED, EventKind.SOLD, EventKind.CLOSED)


def undo(opportunity_id: int, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    """As it was before the last step of this person, which left this `version` behind.

    Raises NotAllowed, Stale (something happened since), or WrongState: too late, no such step, its client is in another
    opportunity, or its owner's work was given away.
    """
    step = _last_step(opportunity_id)
    owner = _owner_before(step) if step is not None and step.by_id == by.pk else None
    if owner is not None:
        quota.ensure(owner, owner.desk.day_at(now))
    return retrying(lambda: _undo(opportunity_id, owner, by=by, version=version, now=now))


def is_own(opportunity_id: int, user: User) -> bool:
    """Whether its last step was this person's: they may ask for it back, wherever it went."""
    step = _last_step(opportunity_id)
    return step is not None and step.by_id == user.pk


@transaction.atomic(durable=True)
def _undo(opportunity_id: int, owner: Promoter | None, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    if owner is not None:
        # It becomes theirs again without being charged: an absence that begins now has to see it.
        quota.hold(owner, owner.desk.day_at(now))
    row = locking.lock_one(opportunity_id)
    step = _last_step(opportunity_id)
    _require_author(row, step, by)
    if step is None or owner is None:
        raise WrongState(_("No hay ningún paso tuyo que deshacer."))
    locking.require_version(row, version)
    before = step.data[BEFORE]
    if row.version - row.recalculated != before["version"] + 1:
        raise WrongState(
            _("Después de ese paso pasó otra cosa: la oportunidad #%(id)s queda como está.") % {"id": row.pk}
        )
    asked = dt.datetime.fromisoformat(before["at"])
    if now - asked > UNDO_FOR + _ON_ITS_WAY:
        raise WrongState(_("Ya pasaron los diez segundos para deshacer el paso."))
    if Opportunity.objects.filter(open_client_id=row.client_id).exclude(pk=row.pk).exists():
        raise WrongState(_("El cliente de la oportunidad #%(id)s ya está en otra.") % {"id": row.pk})
    if gave_work_away(owner, asked):
        raise WrongState(_("%(who)s no está: habla con tu supervisor.") % {"who": owner})
    _put_back(row, step, owner, by=by, now=now)
    return row


def _put_back(row: Opportunity, step: OpportunityEvent, owner: Promoter, *, by: User, now: dt.datetime) -> None:
    before = step.data[BEFORE]
    if step.kind == EventKind.SOLD:
        Sale.objects.filter(opportunity=row).delete()
    machine.change(
        [row],
        OpportunityState(before["state"]),
        kind=EventKind.UNDONE,
        now=now,
        by=by,
        data={"undone": step.pk},
        kept=before["data"],
        clock=_clock_again(before, owner, now=now),
        owner=owner,
        stage=Stage.objects.get(pk=before["stage"]),
        exit_reason=before["exit_reason"],
        stage_since=moment(before, "stage_since"),
        state_since=moment(before, "state_since"),
        hold_since=moment(before, "hold_since"),
    )
    following.reopen(row, since=dt.datetime.fromisoformat(before["at"]))
    if before["cooldowns"] is not None:
        cooldowns.restore(row.client_id, before["cooldowns"])


def _clock_again(before: dict[str, Any], owner: Promoter, *, now: dt.datetime) -> Countdown:
    """The operating time that was left when the step was taken, from now on."""
    return setting.taken_back(
        before["stage"],
        owner,
        deadline=moment(before, "deadline"),
        paused_seconds=before["paused_seconds"],
        held_until=moment(before, "held_until"),
        at=dt.datetime.fromisoformat(before["at"]),
        now=now,
    )


def _last_step(opportunity_id: int) -> OpportunityEvent | None:
    """The newest that can be taken back at all."""
    steps = OpportunityEvent.objects.filter(opportunity=opportunity_id, kind__in=_STEPS).order_by("-id")
    step = steps.first()
    return step if step is not None and BEFORE in step.data else None


def _owner_before(step: OpportunityEvent) -> Promoter | None:
    return Promoter.objects.select_related("desk__calendar").filter(pk=step.data[BEFORE]["owner"]).first()


def _require_author(row: Opportunity, step: OpportunityEvent | None, by: User) -> None:
    """Raise NotAllowed unless it was their step, on what was theirs or their team's."""
    if step is None or step.by_id != by.pk:
        require_worker(by, row)
        return
    own = step.from_owner is not None and step.from_owner.user_id == by.pk
    if not (own and by.is_active and by.has_perm(WORK)) and not may_supervise(by, row.team_id):
        raise NotAllowed(not_yours(row.pk))
