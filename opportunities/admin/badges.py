"""The number beside the inbox in the menu. Nothing is shown for none."""

from __future__ import annotations

from django.http import HttpRequest

from opportunities.admin.base import team_ids_in
from opportunities.models import Opportunity

# Beyond this the exact number helps nobody, and counting stops.
ENOUGH = 100


def inbox(request: HttpRequest) -> str:
    number = waiting(team_ids_in(request))
    if number == 0:
        return ""
    return f"{ENOUGH - 1}+" if number == ENOUGH else str(number)


def waiting(teams: list[int]) -> int:
    """How many exits wait for a decision, up to `ENOUGH`."""
    return Opportunity.objects.filter(team_id__in=teams).inbox().order_by()[:ENOUGH].count() if teams else 0
