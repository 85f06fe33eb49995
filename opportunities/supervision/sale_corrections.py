"""A sale that was written down wrongly: corrected, or annulled. A supervisor's, with a reason, and the history keeps both.

The figures follow: they count what is sold now. What it said before stands in the history line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.ops import rollups
from opportunities.enums import EventKind, OpportunityState
from opportunities.errors import Incomplete, WrongState
from opportunities.funnel import sales
from opportunities.models import Opportunity, Sale
from opportunities.policy import require_supervisor
from opportunities.state import locking, machine


def correct(
    opportunity_id: int, data: Mapping[str, Any], *, by: User, version: int, reason: str, now: dt.datetime
) -> Sale:
    """Other `amount`, `product` or `reference`; what `data` does not name stays. Whose sale it is, and since when, too.

    Raises NotAllowed, Stale, WrongState (not sold) or Incomplete (no reason, no amount, nothing that is another).
    """

    def once() -> Sale:
        with transaction.atomic(durable=True):
            row, sale = _sold(opportunity_id, by=by, version=version, reason=reason)
            before = sales.as_data(sale)
            sales.rewrite(sale, {**before, **data})
            rollups.changed([sale.at], now=now)
            if sales.as_data(sale) == before:
                raise Incomplete(_("Es la misma venta: cambia el monto, el producto o la referencia."))
            machine.change(
                [row],
                OpportunityState.WON,
                kind=EventKind.CORRECTED,
                now=now,
                by=by,
                reason=reason,
                data={"sale": sale.pk, "before": before, "after": sales.as_data(sale)},
            )
            return sale

    return retrying(once)


def annul(opportunity_id: int, *, by: User, version: int, reason: str, now: dt.datetime) -> Opportunity:
    """There was no sale. The opportunity waits in the inbox, in the hands that sold it, for what is decided about it.

    Raises NotAllowed, Stale, WrongState (not sold, or its client is in another opportunity) or Incomplete (no reason).
    """

    def once() -> Opportunity:
        with transaction.atomic(durable=True):
            row, sale = _sold(opportunity_id, by=by, version=version, reason=reason)
            if Opportunity.objects.filter(open_client_id=row.client_id).exists():
                raise WrongState(_("El cliente de la oportunidad #%(id)s ya está en otra.") % {"id": row.pk})
            told = {"sale": sale.pk, **sales.as_data(sale), "promoter": sale.promoter_id, "at": sale.at.isoformat()}
            sale.delete()
            rollups.changed([sale.at], now=now)
            machine.change(
                [row],
                OpportunityState.EXIT,
                kind=EventKind.ANNULLED,
                now=now,
                by=by,
                reason=reason,
                data=told,
                exit_reason=reason.strip()[:300],
            )
            return row

    return retrying(once)


def _sold(opportunity_id: int, *, by: User, version: int, reason: str) -> tuple[Opportunity, Sale]:
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en la historia."))
    row = locking.lock_one(opportunity_id)
    require_supervisor(by, row)
    locking.require_version(row, version)
    sale = Sale.objects.select_for_update().filter(opportunity=row).first()
    if row.state != OpportunityState.WON or sale is None:
        raise WrongState(_("La oportunidad #%(id)s no está vendida.") % {"id": row.pk})
    return row, sale
