"""Acknowledgements that came before our own answer: kept until somebody knows the message they speak of."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from whatsapp.models import WhatsAppSession


class EarlyReceipt(models.Model):
    """One kind of acknowledgement of one unknown message id. A repeat changes nothing."""

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=160)
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
