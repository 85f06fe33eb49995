"""An extension: the current stage's time once more. Once per opportunity, a few per week and promoter."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from opportunities.capacity import quota
from opportunities.capacity.usage import extensions_of
from opportunities.clocks.countdown import is_overdue
from opportunities.clocks.setting import entering
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import NoQuota, Stale, WrongState
from opportunities.models import Opportunity, Promoter
from opportunities.policy import require_worker
from opportunities.state import locking, machine


def extend(opportunity_id: int, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    """Give the current stage's time once more, from now. Once per opportunity, and a few per week and promoter.

    Raises NotAllowed, Stale, WrongState (no clock, overdue, extended already) or NoQuota (the week's are used up).
    """
    seen = Opportunity.objects.select_related("owner__desk__calendar").filter(pk=opportunity_id).first()
    owner = seen.owner if seen is not None else None
    if owner is not None:
        quota.ensure(owner, owner.desk.day_at(now))
    return retrying(lambda: _extend(opportunity_id, owner, by=by, version=version, now=now))


@transaction.atomic(durable=True)
def _extend(opportunity_id: int, owner: Promoter | None, *, by: User, version: int, now: dt.datetime) -> Opportunity:
    if owner is not None:
        # Two extensions at once count one after the other: the quota's row of the day keeps the order.
        quota.lock(owner, owner.desk.day_at(now))
    row = locking.lock_one(opportunity_id)
    require_worker(by, row)
    locking.require_version(row, version)
    if row.state != OpportunityState.ACTIVE or row.stage is None or row.owner is None or row.deadline is None:
        raise WrongState(_("Esta oportunidad no tiene un plazo que alargar."))
    if owner is None or row.owner_id != owner.pk:
        raise Stale(_("La oportunidad #%(id)s acaba de cambiar de promotor. Actualiza la página.") % {"id": row.pk})
    if is_overdue(row, now):
        raise WrongState(_("El plazo de la oportunidad #%(id)s ya venció: vuelve al pool.") % {"id": row.pk})
    if row.extended:
        raise WrongState(_("Esta oportunidad ya tuvo su prórroga."))
    if extensions_of([owner.pk], now=now).count() >= owner.desk.weekly_extensions:
        raise NoQuota(_("Ya usaste las prórrogas de esta semana. Pide ayuda a tu supervisor."))
    _stage, clock = entering(row.stage_id, owner, now=now)
    machine.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.EXTENDED,
        now=now,
        by=by,
        clock=clock,
        extended=True,
    )
    return row
