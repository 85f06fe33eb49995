"""Numbers beside the menu: what waits for a decision of this person. Nothing is shown for none."""

from __future__ import annotations

from django.http import HttpRequest

from campaigns.admin.alert import visible_alerts
from campaigns.models import Campaign, Envio

# Beyond this the exact number helps nobody, and counting stops.
_ENOUGH = 100


def awaiting_approval(request: HttpRequest) -> str:
    return _shown(Campaign.objects.visible_to(request.user).awaiting_approval().order_by()[:_ENOUGH].count())


def uncertain(request: HttpRequest) -> str:
    return _shown(Envio.objects.decided_by(request.user).uncertain().order_by()[:_ENOUGH].count())


def open_alerts(request: HttpRequest) -> str:
    return _shown(visible_alerts(request.user).filter(open_key__isnull=False).order_by()[:_ENOUGH].count())


def _shown(number: int) -> str:
    if number == 0:
        return ""
    return f"{_ENOUGH - 1}+" if number == _ENOUGH else str(number)
