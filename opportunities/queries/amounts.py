"""A sale's amount as its desk writes it."""

from __future__ import annotations

from leadmaster.lib.amounts import show_money
from opportunities.models import Sale
from opportunities.queries.regions import region_of


def amount_of(sale: Sale | None) -> str:
    """With the sign of its currency; empty without a sale."""
    return "" if sale is None else show_money(sale.amount, region=region_of(sale.promoter))
