"""The numbers beside inbox and conversations in the menu. Nothing is shown for none."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from leadmaster.accounts.current_user import current_user
from opportunities.admin.base import team_ids_in
from opportunities.models import Opportunity
from opportunities.queries.conversations import waiting_count

# Beyond this the exact number helps nobody, and counting stops.
ENOUGH = 100


def inbox(request: HttpRequest) -> str:
    return _shown(waiting(team_ids_in(request)))


def conversations(request: HttpRequest) -> str:
    return _shown(waiting_count(current_user(request), now=timezone.now()))


def _shown(number: int) -> str:
    if number == 0:
        return ""
    return f"{ENOUGH - 1}+" if number >= ENOUGH else str(number)


def waiting(teams: list[int]) -> int:
    """How many exits wait for a decision, up to `ENOUGH`."""
    return Opportunity.objects.filter(team_id__in=teams).inbox().order_by()[:ENOUGH].count() if teams else 0
