"""What a supervisor decides about one opportunity: reassign, return to the pool, close, or back to its owner.

Each verb locks quota → clients → opportunities → lot, checks, and writes everything in one transaction, again when the
database asks for it. With the `version` that somebody looked at it raises Stale once another one decided before. The
forms over many rows are in `bulk`; they call the same steps.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.capacity import quota
from opportunities.capacity.availability import is_there, receives
from opportunities.capacity.usage import headroom
from opportunities.clocks.setting import entering
from opportunities.enums import CLOSED, OWNED, EventKind, OpportunityState, QuotaKind
from opportunities.errors import Incomplete, NoQuota, NotAllowed, Unavailable, WrongState
from opportunities.models import Lot, Opportunity, Promoter
from opportunities.policy import not_yours, require_receiver, require_supervisor
from opportunities.state import cooldowns, locking, machine, withdrawal


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reassigned:
    """The row in its new hands, and by how much the receiver's limit was raised for it."""

    row: Opportunity
    room: int


def reassign(
    opportunity_id: int,
    target: Promoter,
    *,
    by: User,
    now: dt.datetime,
    reason: str = "",
    over_quota: bool = False,
    version: int | None = None,
) -> Opportunity:
    """Give it to another promoter, charged to their quota of the day, in their lot of what was reassigned that day.

    Whoever decides supervises both teams. Raises NotAllowed, WrongState (finished, or theirs already), Unavailable,
    NoQuota. `over_quota` needs its own permission and a reason, and the ledger shows it.
    """
    day = target.desk.day_at(now)
    quota.ensure(target, day)

    def once() -> Opportunity:
        with transaction.atomic(durable=True):
            done = reassign_locked(
                opportunity_id,
                target,
                by=by,
                now=now,
                day=day,
                reason=reason,
                over_quota=over_quota,
                version=version,
            )
        return done.row

    return retrying(once)


def return_to_pool(
    opportunity_id: int, *, by: User, now: dt.datetime, reason: str = "", version: int | None = None
) -> Opportunity:
    """Nobody's again; it can be drawn by others than its last owner at once. Raises NotAllowed or WrongState."""

    def once() -> Opportunity:
        with transaction.atomic(durable=True):
            return pool_locked(opportunity_id, by=by, now=now, reason=reason, version=version)

    return retrying(once)


def close(opportunity_id: int, *, by: User, now: dt.datetime, reason: str, version: int | None = None) -> Opportunity:
    """Lost, for good, with a reason. Raises NotAllowed, Incomplete (no reason) or WrongState (closed already)."""

    def once() -> Opportunity:
        with transaction.atomic(durable=True):
            return close_locked(opportunity_id, by=by, now=now, reason=reason, version=version)

    return retrying(once)


def give_back(
    opportunity_id: int, *, by: User, now: dt.datetime, reason: str = "", version: int | None = None
) -> Opportunity:
    """From the inbox back to its owner, in the first stage, with a new clock. No quota is charged: it was theirs.

    Raises NotAllowed, WrongState (not in the inbox any more) or Unavailable (its owner receives nothing now).
    """

    ensure_days([opportunity_id], now=now)

    def once() -> Opportunity:
        with transaction.atomic(durable=True):
            return give_back_locked(opportunity_id, by=by, now=now, reason=reason, version=version)

    return retrying(once)


# --- The steps, inside the caller's transaction ------------------------------------------------------------------------


def reassign_locked(
    opportunity_id: int,
    target: Promoter,
    *,
    by: User,
    now: dt.datetime,
    day: dt.date,
    reason: str,
    over_quota: bool,
    version: int | None = None,
) -> Reassigned:
    # Before any lock, so that nobody learns another team's quota or queues for its rows; again when it is locked.
    require_receiver(by, target)
    require_supervisor(by, _unlocked(opportunity_id))
    room = quota.make_room(target, day, 1, by=by, reason=reason, now=now) if over_quota else 0
    row_of_day = quota.lock(target, day)
    row = _held(opportunity_id, by=by, version=version)
    _check_receives(target, row, target.desk.date_at(now))
    lot = _lot_of_the_day(target, day, now)
    quota.charge_locked(row_of_day, 1, now=now, by=by, kind=QuotaKind.REASSIGNED_IN, reason=reason, lot=lot)
    stage, clock = entering(None, target, now=now)
    withdraw_of_client(row, by=by, now=now)
    cooldowns.lift(target, row.client_id)
    machine.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.REASSIGNED,
        now=now,
        by=by,
        reason=reason,
        owner=target,
        team=target.desk.team,
        stage=stage,
        stage_since=now,
        lot=lot,
        extended=False,
        exit_reason="",
        attempts=machine.ONE_MORE,
        clock=clock,
    )
    return Reassigned(row=row, room=room)


def pool_locked(
    opportunity_id: int, *, by: User, now: dt.datetime, reason: str, version: int | None = None
) -> Opportunity:
    row = _held(opportunity_id, by=by, version=version)
    if row.state not in OWNED:
        raise WrongState(
            _("La oportunidad #%(id)s está %(state)s: no hay nada que devolver al pool.")
            % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    withdraw_of_client(row, by=by, now=now)
    cooldowns.start([row], now=now)
    machine.change([row], OpportunityState.POOL, kind=EventKind.POOLED, now=now, by=by, reason=reason)
    return row


def close_locked(
    opportunity_id: int, *, by: User, now: dt.datetime, reason: str, version: int | None = None
) -> Opportunity:
    if not reason.strip():
        raise Incomplete(_("Escribe por qué se cierra: queda en la historia."))
    row = _held(opportunity_id, by=by, version=version)
    if row.state in CLOSED:
        raise WrongState(
            _("La oportunidad #%(id)s ya está %(state)s.") % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    withdraw_of_client(row, by=by, now=now)
    machine.change([row], OpportunityState.LOST, kind=EventKind.CLOSED, now=now, by=by, reason=reason)
    return row


def give_back_locked(
    opportunity_id: int, *, by: User, now: dt.datetime, reason: str, version: int | None = None
) -> Opportunity:
    seen = _unlocked(opportunity_id)
    require_supervisor(by, seen)
    if seen.owner is not None:
        # Not charged, and given all the same: an absence that begins now has to see it.
        quota.hold(seen.owner, seen.owner.desk.day_at(now))
    row = _held(opportunity_id, by=by, version=version)
    if row.state != OpportunityState.EXIT or row.owner is None or row.owner_id != seen.owner_id:
        raise WrongState(_("La oportunidad #%(id)s ya no está en la bandeja.") % {"id": row.pk})
    owner = row.owner
    if not is_there(owner, owner.desk.date_at(now)):
        raise Unavailable(_("%(who)s no está: reasígnala o devuélvela al pool.") % {"who": owner})
    stage, clock = entering(None, owner, now=now)
    cooldowns.lift(owner, row.client_id)
    machine.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.RETURNED,
        now=now,
        by=by,
        reason=reason,
        stage=stage,
        stage_since=now,
        exit_reason="",
        clock=clock,
    )
    return row


def ensure_days(ids: Collection[int], *, now: dt.datetime) -> None:
    """The quota rows of today of whoever owns these: what gives them something holds on to it."""
    owners = Promoter.objects.filter(opportunities__in=ids).select_related("desk__calendar").distinct()
    for owner in owners:
        quota.ensure(owner, owner.desk.day_at(now))


def withdraw_of_client(row: Opportunity, *, by: User, now: dt.datetime) -> int:
    """What the owner's campaigns had pending for this client does not go out any more."""
    return withdrawal.withdraw_of([row], by=by, now=now, reason=kept(gettext_lazy("El cliente pasó a otra persona.")))


def _held(opportunity_id: int, *, by: User, version: int | None) -> Opportunity:
    """Locked, and this person's to decide. Raises Stale when it is not as they saw it; without a `version` they decide
    about whatever it has become."""
    row = locking.lock_one(opportunity_id)
    require_supervisor(by, row)
    if version is not None:
        locking.require_version(row, version)
    return row


def _unlocked(opportunity_id: int) -> Opportunity:
    row = Opportunity.objects.filter(pk=opportunity_id).first()
    if row is None:
        raise NotAllowed(not_yours(opportunity_id))
    return row


def _check_receives(target: Promoter, row: Opportunity, day: dt.date) -> None:
    if row.state in CLOSED:
        raise WrongState(
            _("La oportunidad #%(id)s está %(state)s: ya no se reasigna.")
            % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    if row.state == OpportunityState.ACTIVE and row.owner_id == target.pk:
        raise WrongState(_("La oportunidad #%(id)s ya es de %(who)s.") % {"id": row.pk, "who": target})
    # Asked again: a bulk action lasts, and people leave meanwhile.
    if not receives(target, day):
        raise Unavailable(_("%(who)s no recibe asignaciones ahora.") % {"who": target})
    load = Opportunity.objects.filter(owner=target, state=OpportunityState.ACTIVE).count()
    if not headroom(target, load):
        raise NoQuota(_("%(who)s ya tiene %(load)d oportunidades activas, su máximo.") % {"who": target, "load": load})


def _lot_of_the_day(target: Promoter, day: dt.date, now: dt.datetime) -> Lot:
    """The receiver's lot for what is reassigned to them that day; its counts come from its opportunities.

    The quota's row of the day is locked, so nobody else makes it meanwhile.
    """
    lot, _created = Lot.objects.get_or_create(
        promoter=target,
        reassigned_on=day,
        defaults={"team": target.desk.team, "day": day, "created_at": now},
    )
    return lot
