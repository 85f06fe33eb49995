"""What somebody wrote to one of our lines."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.enums import MessageKind
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession


class Reply(models.Model):
    """One message from a person, as the gateway told it. Append-only; a repeated callback adds nothing."""

    session = models.ForeignKey(
        WhatsAppSession, models.PROTECT, related_name="replies", verbose_name=_("sesión"), db_index=False
    )
    # E.164, as the directory writes it; empty while WhatsApp tells nothing but a lid.
    phone = models.CharField(_("teléfono"), max_length=20, blank=True)
    lid = IdentifierField(_("id oculto de WhatsApp"), max_length=20, blank=True, default="")
    kind = models.CharField(_("tipo"), max_length=16, choices=MessageKind, default=MessageKind.TEXT)
    # Of what is no text, the words that came with it.
    text = models.TextField(_("mensaje"))
    at = models.DateTimeField(_("cuándo"))
    message_id = IdentifierField(_("id del gateway"), max_length=160)

    class Meta:
        verbose_name = _("respuesta")
        verbose_name_plural = _("respuestas")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["session", "message_id"], name="reply_once")]
        indexes = [
            # Reader: the conversation with a client, the newest first.
            models.Index(fields=["phone", "at"], name="reply_of_phone"),
            # Reader: the replies of a day.
            models.Index(fields=["at"], name="reply_at"),
            # Reader: the conversation with somebody whose number nobody knows.
            models.Index(fields=["session", "lid", "at"], name="reply_of_lid"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
