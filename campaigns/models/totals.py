"""What is written down of a campaign's messages so that nobody counts a million of them again."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign


class CampaignTotals(models.Model):
    """Written and read by `campaigns.totals` and `campaigns.progress` alone. No row: everything is counted."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="totals")
    # How many messages there are. From the launch on nobody adds any.
    messages = models.PositiveIntegerField(_("mensajes"))
    # [state, ack, how many] of each group, of a campaign that ended and is at rest. None: count them.
    groups = models.JSONField(_("grupos"), null=True)
    counted_at = models.DateTimeField(_("contados"))

    class Meta:
        verbose_name = _("totales de campaña")
        verbose_name_plural = _("totales de campañas")

    def __str__(self) -> str:
        return str(self.campaign_id)
