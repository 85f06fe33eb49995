"""What a supervisor decides about one opportunity: reassign, return to the pool, close, or back to its owner.

Each verb locks quota → clients → opportunities → lot, checks, and writes everything in one transaction. The forms over
many rows are in `bulk`; they call the same private steps.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.withdrawals import withdraw_pending
from leadmaster.accounts.models import User
from leadmaster.directory.models import ContactPoint
from leadmaster.lib.clock import business_day
from opportunities import cooldowns, states
from opportunities.absences import is_absent
from opportunities.assignment import quota
from opportunities.assignment.request import first_stage
from opportunities.enums import CLOSED, OWNED, EventKind, OpportunityState, QuotaKind
from opportunities.errors import Incomplete, NoQuota, Unavailable, WrongState
from opportunities.models import Lot, Opportunity, Promoter
from opportunities.policy import require_supervisor
from opportunities.timers import deadline_for


def reassign(
    opportunity_id: int,
    target: Promoter,
    *,
    by: User,
    now: dt.datetime,
    reason: str = "",
    over_quota: bool = False,
) -> Opportunity:
    """Give it to another promoter, charged to their quota of the day, in their lot of what was reassigned that day.

    Raises NotAllowed, WrongState (finished, or theirs already), Unavailable, NoQuota. `over_quota` needs its own
    permission and a reason, and the ledger shows it.
    """
    day = business_day(now, target.desk.calendar.tz)
    quota.ensure(target, day)
    with transaction.atomic(durable=True):
        return reassign_locked(opportunity_id, target, by=by, now=now, day=day, reason=reason, over_quota=over_quota)


def return_to_pool(opportunity_id: int, *, by: User, now: dt.datetime, reason: str = "") -> Opportunity:
    """Nobody's again; it can be drawn by others than its last owner at once."""
    with transaction.atomic(durable=True):
        return pool_locked(opportunity_id, by=by, now=now, reason=reason)


def close(opportunity_id: int, *, by: User, now: dt.datetime, reason: str) -> Opportunity:
    """Lost, for good, with a reason."""
    with transaction.atomic(durable=True):
        return close_locked(opportunity_id, by=by, now=now, reason=reason)


@transaction.atomic(durable=True)
def give_back(opportunity_id: int, *, by: User, now: dt.datetime, reason: str = "") -> Opportunity:
    """From the inbox back to its owner, in the first stage, with a new clock. No quota is charged: it was theirs."""
    [row] = states.lock([opportunity_id])
    require_supervisor(by, row)
    if row.state != OpportunityState.EXIT or row.owner is None:
        raise WrongState(_("La oportunidad #%(id)s ya no está en la bandeja.") % {"id": row.pk})
    stage = first_stage()
    cooldowns.lift(row.owner, row.client_id)
    states.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.RETURNED,
        now=now,
        by=by,
        reason=reason,
        stage=stage,
        stage_since=now,
        deadline=deadline_for(stage, calendar=row.owner.desk.calendar.as_value(), now=now),
        exit_reason="",
    )
    return row


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
) -> Opportunity:
    if over_quota:
        quota.make_room(target, day, 1, by=by, reason=reason, now=now)
    quota.charge(target, day, 1, now=now, by=by, kind=QuotaKind.REASSIGNED_IN)
    [row] = states.lock([opportunity_id])
    require_supervisor(by, row)
    _check_receives(target, row, day)
    stage = first_stage()
    former = row.owner
    if former is not None:
        withdraw_of_client(row, former, by=by, now=now)
    cooldowns.lift(target, row.client_id)
    states.change(
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
        lot=_lot_of_the_day(target, day, now),
        deadline=deadline_for(stage, calendar=target.desk.calendar.as_value(), now=now),
        extended=False,
        exit_reason="",
        attempts=states.ONE_MORE,
    )
    return row


def pool_locked(opportunity_id: int, *, by: User, now: dt.datetime, reason: str) -> Opportunity:
    [row] = states.lock([opportunity_id])
    require_supervisor(by, row)
    if row.state not in OWNED:
        raise WrongState(
            _("La oportunidad #%(id)s está %(state)s: no hay nada que devolver al pool.")
            % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    if row.owner is not None:
        withdraw_of_client(row, row.owner, by=by, now=now)
    cooldowns.rest([row], now=now)
    states.change([row], OpportunityState.POOL, kind=EventKind.POOLED, now=now, by=by, reason=reason)
    return row


def close_locked(opportunity_id: int, *, by: User, now: dt.datetime, reason: str) -> Opportunity:
    if not reason.strip():
        raise Incomplete(_("Escribe por qué se cierra: queda en la historia."))
    [row] = states.lock([opportunity_id])
    require_supervisor(by, row)
    if row.state in CLOSED:
        raise WrongState(
            _("La oportunidad #%(id)s ya está %(state)s.") % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    if row.owner is not None:
        withdraw_of_client(row, row.owner, by=by, now=now)
    states.change([row], OpportunityState.LOST, kind=EventKind.CLOSED, now=now, by=by, reason=reason)
    return row


def withdraw_of_client(row: Opportunity, former: Promoter, *, by: User, now: dt.datetime) -> int:
    """What the former owner's campaigns had pending for this client does not go out any more."""
    phones = ContactPoint.objects.filter(client_id=row.client_id, kind=ContactPoint.Kind.PHONE, is_valid=True)
    return withdraw_pending(
        list(phones.values_list("normalised", flat=True)),
        owner=former.user,
        by=by,
        now=now,
        reason=_("El cliente pasó a otra persona."),
    )


def _check_receives(target: Promoter, row: Opportunity, day: dt.date) -> None:
    if row.state in CLOSED:
        raise WrongState(
            _("La oportunidad #%(id)s está %(state)s: ya no se reasigna.")
            % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    if row.state == OpportunityState.ACTIVE and row.owner_id == target.pk:
        raise WrongState(_("La oportunidad #%(id)s ya es de %(who)s.") % {"id": row.pk, "who": target})
    if not target.available or not target.user.is_active or is_absent(target, day):
        raise Unavailable(_("%(who)s no recibe asignaciones ahora.") % {"who": target})
    load = Opportunity.objects.filter(owner=target, state=OpportunityState.ACTIVE).count()
    if load >= target.most_active:
        raise NoQuota(_("%(who)s ya tiene %(load)d oportunidades activas, su máximo.") % {"who": target, "load": load})


def _lot_of_the_day(target: Promoter, day: dt.date, now: dt.datetime) -> Lot:
    """The receiver's lot for what is reassigned to them that day; its counts come from its opportunities."""
    lot, _created = Lot.objects.get_or_create(
        promoter=target,
        reassigned_on=day,
        defaults={"team": target.desk.team, "day": day, "created_at": now},
    )
    return lot
