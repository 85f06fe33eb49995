"""Callbacks that can't be applied: too early, and kept until somebody knows their message; or not the contract's."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession


class EarlyReceipt(models.Model):
    """One kind of acknowledgement of one unknown message id. A repeat changes nothing."""

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="+")
    message_id = IdentifierField(max_length=160)
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = _("acuse sin destinatario")
        verbose_name_plural = _("acuses sin destinatario")
        constraints = [models.UniqueConstraint(fields=["session", "message_id", "kind"], name="early_receipt_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class RefusedEvent(models.Model):
    """One event of a callback that could not be taken, as it came. A repeat counts on it; the oldest are forgotten."""

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="+", verbose_name=_("sesión"))
    fingerprint = IdentifierField(max_length=64, editable=False)
    reason = models.CharField(_("por qué"), max_length=300)
    content = models.TextField(_("contenido"))
    count = models.PositiveIntegerField(_("veces"), default=1)
    received_at = models.DateTimeField(_("llegó"))

    class Meta:
        verbose_name = _("aviso que no se pudo tomar")
        verbose_name_plural = _("avisos que no se pudieron tomar")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["session", "fingerprint"], name="refused_event_once")]

    def __str__(self) -> str:
        return self.reason
