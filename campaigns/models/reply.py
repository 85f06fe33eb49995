"""What somebody wrote to one of our lines."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession


class Reply(models.Model):
    """One message from a person, as the gateway told it. Append-only; a repeated callback adds nothing."""

    session = models.ForeignKey(
        WhatsAppSession, models.PROTECT, related_name="replies", verbose_name=_("sesión"), db_index=False
    )
    # E.164, as the directory writes it. People of whom WhatsApp tells no number are not written down.
    phone = models.CharField(_("teléfono"), max_length=20)
    text = models.TextField(_("mensaje"))
    at = models.DateTimeField(_("cuándo"))
    message_id = IdentifierField(_("id del gateway"), max_length=160)

    class Meta:
        verbose_name = _("respuesta")
        verbose_name_plural = _("respuestas")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["session", "message_id"], name="reply_once")]
        # Reader: the conversation with a client, the newest first.
        indexes = [models.Index(fields=["phone", "at"], name="reply_of_phone")]

    def __str__(self) -> str:
        return f"#{self.pk}"
