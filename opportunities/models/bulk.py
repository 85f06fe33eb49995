"""A bulk action as it was done, so that it can be undone for ten minutes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from opportunities.models.opportunity import Opportunity


class BulkAction(models.Model):
    """One click over many rows: what was done, what was refused and why."""

    class Kind(models.TextChoices):
        REASSIGN = "reasignar", _("Reasignar")
        POOL = "al_pool", _("Devolver al pool")
        CLOSE = "cerrar", _("Cerrar")
        GIVE_BACK = "devolver", _("Devolver a su promotor")

    kind = models.CharField(_("acción"), max_length=16, choices=Kind)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("quién"))
    at = models.DateTimeField(_("cuándo"))
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    undone_at = models.DateTimeField(_("deshecha"), null=True, blank=True)

    class Meta:
        verbose_name = _("acción en bloque")
        verbose_name_plural = _("acciones en bloque")
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class BulkItem(models.Model):
    """One row of it: refused with its reason, or done with what is needed to take it back."""

    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="items", verbose_name=_("acción"))
    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="+", verbose_name=_("oportunidad"))
    refused = models.CharField(_("no se hizo porque"), max_length=300, blank=True)
    # Owner, stage, state, lot and operating seconds left before; the version that the action left behind.
    before = models.JSONField(default=dict, blank=True)
    version_after = models.PositiveIntegerField(null=True, blank=True)
    # When it was taken back, or was found changed since. What has none is still to be undone.
    undo_tried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("fila de la acción")
        verbose_name_plural = _("filas de la acción")
        constraints = [models.UniqueConstraint(fields=["action", "opportunity"], name="bulk_item_once")]

    def __str__(self) -> str:
        return f"{self.action_id}/{self.opportunity_id}"
