"""What became of the clients of a lot: whom it drew, wherever they are by now."""

from __future__ import annotations

import collections
import dataclasses
import decimal
from collections.abc import Mapping

from opportunities.enums import OWNED, EventKind, OpportunityState
from opportunities.models import ContactAttempt, Lot, Opportunity, OpportunityEvent, Sale
from opportunities.queries.regions import region_of_zone
from opportunities.results.counting import CURRENCIES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fate:
    """Each drawn one is in one of the places; `contacted` are those whom anybody tried to reach."""

    drawn: int
    kept: int
    others: int
    pool: int
    won: int
    lost: int
    contacted: int
    amounts: Mapping[str, decimal.Decimal]


def fate(lot: Lot) -> Fate:
    """Of what the draw gave, also of what a reassignment took out of the lot since. Four queries."""
    drawn = OpportunityEvent.objects.filter(
        kind=EventKind.ASSIGNED, to_owner=lot.promoter_id, at=lot.created_at
    ).order_by()
    ids = sorted(set(drawn.values_list("opportunity_id", flat=True)))
    places: collections.Counter[str] = collections.Counter()
    for state, owner in Opportunity.objects.filter(pk__in=ids).order_by().values_list("state", "owner_id"):
        places[_place(OpportunityState(state), mine=owner == lot.promoter_id)] += 1
    amounts: dict[str, decimal.Decimal] = {}
    sold = Sale.objects.filter(opportunity__in=ids).order_by()
    for zone, amount in sold.values_list("promoter__desk__calendar__time_zone", "amount"):
        currency = CURRENCIES[region_of_zone(zone)]
        amounts[currency] = amounts.get(currency, decimal.Decimal()) + amount
    contacted = ContactAttempt.objects.filter(opportunity__in=ids).order_by().values("opportunity").distinct().count()
    return Fate(drawn=len(ids), contacted=contacted, amounts=amounts, **{name: places[name] for name in _PLACES})


_PLACES = ("kept", "others", "pool", "won", "lost")
_ENDED = {OpportunityState.WON: "won", OpportunityState.LOST: "lost", OpportunityState.POOL: "pool"}


def _place(state: OpportunityState, *, mine: bool) -> str:
    if state in OWNED:
        return "kept" if mine else "others"
    return _ENDED[state]
