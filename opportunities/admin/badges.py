"""The number beside the inbox in the menu. Nothing is shown for none."""

from __future__ import annotations

from django.http import HttpRequest

from leadmaster.lib.admin.pending import ENOUGH, KEPT_SECONDS, once, written
from leadmaster.lib.shared import own
from opportunities.admin.base import team_ids_in
from opportunities.models import Opportunity


def inbox(request: HttpRequest) -> str:
    return own(request, "badge-inbox", lambda: written(waiting(request)), seconds=KEPT_SECONDS)


def waiting(request: HttpRequest) -> int:
    """How many exits wait for this person's decision, up to `ENOUGH`."""

    def count() -> int:
        teams = team_ids_in(request)
        return Opportunity.objects.filter(team_id__in=teams).inbox().order_by()[:ENOUGH].count() if teams else 0

    return once(request, "inbox", count)
