"""The kill switch and the log of ticks."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SenderSwitch(models.Model):
    """Each row is one turn of the switch, with its author; the last one counts. No row means on. Append-only."""

    on = models.BooleanField(_("encendido"))
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    reason = models.CharField(_("motivo"), max_length=300)
    # After an automatic stop: so many messages a day and line, on top of what a line's day had used by then.
    cap = models.PositiveSmallIntegerField(_("límite a prueba"), null=True, editable=False)
    used_before = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("interruptor de envíos")
        verbose_name_plural = _("interruptor de envíos")
        ordering = ["-id"]
        permissions = [("switch_sender", "Can switch automatic sending on and off")]

    def __str__(self) -> str:
        return str(_("Encendido") if self.on else _("Apagado"))


class Tick(models.Model):
    """One minute of one slot. The unique pair lets the second run of the same minute leave at once."""

    minute = models.DateTimeField(_("minuto"))
    slot = models.PositiveSmallIntegerField(_("turno"), default=0)
    worker = models.CharField(_("proceso"), max_length=80)
    started_at = models.DateTimeField(_("empezó"))
    finished_at = models.DateTimeField(_("terminó"), null=True, blank=True)
    report = models.JSONField(_("informe"), default=dict, blank=True)

    class Meta:
        verbose_name = _("minuto de envío")
        verbose_name_plural = _("minutos de envío")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["minute", "slot"], name="tick_minute_once")]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.minute):%d/%m/%Y %H:%M} · {self.slot}"
