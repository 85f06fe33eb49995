"""What came back to `pendiente` while its campaign was being cancelled: a try that ended just after the sweep."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from campaigns import lifecycle
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio


def sweep_stragglers(now: dt.datetime) -> int:
    """Cancel what is pending in cancelled campaigns, also what a sweep that died left over. One query when nothing is."""
    left = Envio.objects.filter(campaign=OuterRef("pk"), state=EnvioState.PENDING)
    reason = _("La campaña ya estaba cancelada.")
    return sum(
        lifecycle.sweep_cancelled(campaign, by=None, now=now, reason=reason)
        for campaign in Campaign.objects.filter(Exists(left), state=CampaignState.CANCELLED).order_by("id")
    )
