"""What one request granted, and the request itself, kept so that a repeat gets the same answer."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import Team
from leadmaster.lib.fields import IdentifierField
from opportunities.models.promoter import Promoter
from opportunities.querysets import LotQuerySet


class Lot(models.Model):
    """Filters asked, pool size seen and seed are the proof of a fair draw; live counts come from its opportunities."""

    promoter = models.ForeignKey(Promoter, models.PROTECT, related_name="lots", verbose_name=_("promotor"))
    team = models.ForeignKey(Team, models.PROTECT, related_name="lots", verbose_name=_("equipo"))
    day = models.DateField(_("día"))
    created_at = models.DateTimeField(_("cuándo"))
    asked = models.PositiveIntegerField(_("pedidas"), default=0)
    granted = models.PositiveIntegerField(_("entregadas"), default=0)
    from_pool = models.PositiveIntegerField(_("del pool"), default=0)
    filters = models.JSONField(_("filtros"), default=dict, blank=True)
    available_seen = models.PositiveIntegerField(_("disponibles al pedir"), default=0)
    seed = models.PositiveSmallIntegerField(_("semilla del sorteo"), default=0)
    # The lot of a day that receives what is reassigned to a promoter: set on that one, NULL on the others.
    reassigned_on = models.DateField(null=True, blank=True, editable=False)

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = _("lote")
        verbose_name_plural = _("lotes")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["promoter", "reassigned_on"], name="lot_reassigned_once_a_day")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class AssignmentRequest(models.Model):
    """One key of one promoter: whoever sends it again gets the same answer and nothing new."""

    promoter = models.ForeignKey(Promoter, models.CASCADE, related_name="+")
    # What was asked and the person's key for it, as `pedido:…`: one key may serve a request and a capture.
    key = IdentifierField(max_length=80)
    at = models.DateTimeField()
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, related_name="+")
    answer = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("pedido de asignación")
        verbose_name_plural = _("pedidos de asignación")
        constraints = [models.UniqueConstraint(fields=["promoter", "key"], name="request_key_once")]

    def __str__(self) -> str:
        return self.key
