"""What one day of a zone came to, by whose it is."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from leadmaster.accounts.models import User
from leadmaster.lib.fields import IdentifierField
from opportunities.enums import Measure
from whatsapp.models import WhatsAppSession


class ResultDay(models.Model):
    """Written and read by `opportunities.results` alone; which days may be read, `leadmaster.ops.rollups` says.

    Whose team it is is asked when it is read: the campaign's, the line's, or that of the person's desk.
    """

    zone = IdentifierField(max_length=64)
    day = models.DateField(_("día"))
    measure = models.CharField(_("qué"), max_length=16, choices=Measure)
    # Of the measure: a stage, a currency, a channel with its outcome, whole minutes.
    detail = IdentifierField(max_length=48, blank=True, default="")
    person = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("persona"))
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="+", verbose_name=_("campaña"))
    session = models.ForeignKey(WhatsAppSession, models.CASCADE, null=True, related_name="+", verbose_name=_("sesión"))
    # What its lot was asked by, in words.
    asked = IdentifierField(max_length=250, blank=True, default="")
    number = models.PositiveIntegerField(_("cuántos"))
    amount = models.DecimalField(_("monto"), max_digits=18, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("resultados de un día")
        verbose_name_plural = _("resultados de cada día")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(measure__in=Measure.values), name="result_measure_known")]
        indexes = [
            # Reader: a period's sums.
            models.Index(fields=["zone", "day", "measure"], name="result_day_sums"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.get_measure_display()}"
