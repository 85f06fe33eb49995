"""What a campaign sent through a line on one day of a zone, by how it ended."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.enums import Ack, EnvioState
from campaigns.models.campaign import Campaign
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession


class SendDay(models.Model):
    """Written and read by `campaigns.statistics` alone; which days may be read, `leadmaster.ops.rollups` says."""

    zone = IdentifierField(max_length=64)
    day = models.DateField(_("día"))
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+", verbose_name=_("campaña"))
    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="+", verbose_name=_("sesión"))
    state = models.CharField(_("estado"), max_length=16, choices=EnvioState)
    ack = models.PositiveSmallIntegerField(_("acuse"), choices=Ack)
    number = models.PositiveIntegerField(_("cuántos"))

    class Meta:
        verbose_name = _("envíos de un día")
        verbose_name_plural = _("envíos de cada día")
        default_permissions = ()
        indexes = [
            # Reader: a period's sums, from this index alone.
            models.Index(fields=["zone", "day", "campaign", "session", "state", "ack", "number"], name="send_day_sums"),
        ]

    def __str__(self) -> str:
        return f"{self.day} #{self.campaign_id}"
