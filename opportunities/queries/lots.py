"""Where what was granted is now."""

from __future__ import annotations

import collections
from collections.abc import Collection

from django.db.models import Count

from opportunities.enums import OpportunityState
from opportunities.models import Opportunity


def counts_of(lot_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Where the opportunities of these lots are. One query, by its index."""
    found = {lot_id: collections.Counter({state.value: 0 for state in OpportunityState}) for lot_id in lot_ids}
    rows = Opportunity.objects.filter(lot__in=lot_ids).order_by().values_list("lot", "state").annotate(Count("id"))
    for lot_id, state, number in rows:
        found[lot_id][state] = number
    return {lot_id: dict(counts) for lot_id, counts in found.items()}
