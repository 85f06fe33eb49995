"""Sums over the attempts, for whoever watches from outside: nobody adds ten million rows up every fifteen seconds."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AttemptTally(models.Model):
    """One row. Written and read by `campaigns.tally` alone."""

    # Every attempt up to this id is in the figures or was passed over for good.
    upto = models.PositiveBigIntegerField(default=0)
    figures = models.JSONField(default=dict)
    counted_at = models.DateTimeField(_("contados"))

    class Meta:
        verbose_name = _("suma de intentos")
        verbose_name_plural = _("sumas de intentos")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.upto)
