"""The daily quota and its ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from opportunities.enums import QuotaKind
from opportunities.models.lot import Lot
from opportunities.models.promoter import Promoter
from opportunities.querysets import DailyQuotaQuerySet


class DailyQuota(models.Model):
    """What a promoter may receive on one day of the desk's calendar, and what was received."""

    promoter = models.ForeignKey(Promoter, models.CASCADE, related_name="quotas", verbose_name=_("promotor"))
    day = models.DateField(_("día"))
    limit = models.PositiveIntegerField(_("límite"))
    used = models.PositiveIntegerField(_("usado"), default=0)

    objects = DailyQuotaQuerySet.as_manager()

    class Meta:
        verbose_name = _("cupo diario")
        verbose_name_plural = _("cupos diarios")
        ordering = ["-day", "promoter_id"]
        constraints = [
            models.UniqueConstraint(fields=["promoter", "day"], name="quota_day_once"),
            models.CheckConstraint(condition=Q(used__lte=F("limit")), name="quota_never_exceeded"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} · {self.used} / {self.limit}"

    @property
    def left(self) -> int:
        return self.limit - self.used


class QuotaEntry(models.Model):
    """One change of a quota, with who and why. Append-only; `used` is the sum of the lines that are not of the limit."""

    quota = models.ForeignKey(DailyQuota, models.CASCADE, related_name="entries", verbose_name=_("cupo"))
    kind = models.CharField(_("concepto"), max_length=16, choices=QuotaKind)
    amount = models.IntegerField(_("cantidad"))
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién"))
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lote"))

    class Meta:
        verbose_name = _("movimiento de cupo")
        verbose_name_plural = _("movimientos de cupo")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=QuotaKind.values), name="quota_kind_known")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d}"
