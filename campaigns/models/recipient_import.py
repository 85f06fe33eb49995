"""One file of recipients that somebody brought, and what became of its rows."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign


class RecipientImport(models.Model):
    """Counts of the rows; the row-by-row report is a CSV file beside it."""

    class State(models.TextChoices):
        UPLOADED = "por_confirmar", _("Por confirmar")
        QUEUED = "en_cola", _("En cola")
        RUNNING = "en_curso", _("En curso")
        DONE = "terminada", _("Terminada")
        FAILED = "fallida", _("Fallida")
        INTERRUPTED = "interrumpida", _("Interrumpida")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="imports", verbose_name=_("campaña"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    file_name = models.CharField(_("archivo"), max_length=255)
    file = models.FileField(_("original"), upload_to="imports/", blank=True)
    mapping = models.JSONField(_("columnas"), default=dict, blank=True)
    state = models.CharField(_("estado"), max_length=16, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(_("empezó"))
    # Moves with every batch: whoever runs without it moving has lost its process.
    alive_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("terminó"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("filas"), default=0)
    accepted = models.PositiveIntegerField(_("aceptadas"), default=0)
    duplicates = models.PositiveIntegerField(_("duplicadas"), default=0)
    invalid = models.PositiveIntegerField(_("inválidas"), default=0)
    opted_out = models.PositiveIntegerField(_("excluidas"), default=0)
    already_there = models.PositiveIntegerField(_("ya estaban"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)
    report = models.FileField(_("informe"), upload_to="import-reports/", blank=True)

    class Meta:
        verbose_name = _("importación")
        verbose_name_plural = _("importaciones")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name
