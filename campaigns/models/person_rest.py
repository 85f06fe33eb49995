"""Who wrote to whom last, across campaigns and lines: what a person's rest is counted from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign


class PersonRest(models.Model):
    """One row for each number that a campaign ever claimed a message for. Claims write it, inside their transaction."""

    phone = models.CharField(_("teléfono"), max_length=20, unique=True)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+", verbose_name=_("campaña"))
    # When the message was claimed: a person's rest counts from then.
    written_at = models.DateTimeField(_("escrito"))

    class Meta:
        verbose_name = _("descanso de una persona")
        verbose_name_plural = _("descansos de personas")
        default_permissions = ()
        # Reader: who of a campaign rests, for whoever approves it and for the forecast.
        indexes = [models.Index(fields=["written_at"], name="person_written")]

    def __str__(self) -> str:
        return f"{self.phone}: {self.written_at}"
