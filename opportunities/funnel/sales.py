"""A sale is unique per opportunity: the same again is the same sale, another one is refused with who and when."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.errors import AlreadySold, Incomplete, WrongState
from opportunities.models import Opportunity, Sale

_CENT = decimal.Decimal("0.01")
_MOST = decimal.Decimal("999999999999.99")


def record(row: Opportunity, data: Mapping[str, Any], *, by: User, now: dt.datetime) -> Sale:
    """Write the sale of a locked, active opportunity. Raises Incomplete for an amount that is none."""
    if row.owner is None:
        raise WrongState(_("La oportunidad no tiene promotor."))
    amount, product, reference = _read(data)
    return Sale.objects.create(
        opportunity=row, promoter=row.owner, amount=amount, product=product, reference=reference, at=now, by=by
    )


def confirm_same(row: Opportunity, data: Mapping[str, Any]) -> Sale:
    """The sale there is, if this is the same one; else AlreadySold, with who and when."""
    sale = Sale.objects.select_related("by").get(opportunity=row)
    if _read(data) == (sale.amount, sale.product, sale.reference):
        return sale
    raise AlreadySold(
        _("Esta oportunidad ya tiene una venta: la cargó %(who)s el %(when)s.")
        % {"who": sale.by, "when": timezone.localtime(sale.at).strftime("%d/%m/%Y %H:%M")}
    )


def as_data(sale: Sale) -> dict[str, str]:
    """What was sold, as history keeps it."""
    return {"amount": str(sale.amount), "product": sale.product, "reference": sale.reference}


def rewrite(sale: Sale, data: Mapping[str, Any]) -> None:
    """Write other data on a locked sale. Raises Incomplete for an amount that is none."""
    sale.amount, sale.product, sale.reference = _read(data)
    sale.save(update_fields=["amount", "product", "reference"])


def _read(data: Mapping[str, Any]) -> tuple[decimal.Decimal, str, str]:
    raw = str(data.get("amount", "")).strip()
    try:
        amount = decimal.Decimal(raw).quantize(_CENT)
    except decimal.InvalidOperation:
        raise Incomplete(_("Escribe el monto de la venta, por ejemplo 12500.50.")) from None
    if not amount.is_finite() or not 0 <= amount <= _MOST:
        raise Incomplete(_("El monto de la venta no puede ser negativo ni tan grande."))
    return amount, str(data.get("product", "")).strip()[:120], str(data.get("reference", "")).strip()[:80]
