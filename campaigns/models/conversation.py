"""What one of our lines and one person write to each other."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import CONVERSATION_OPEN, ConversationEventKind, ConversationState
from campaigns.models.campaign import Campaign
from campaigns.models.reply import Reply
from leadmaster.accounts.models import User
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession


class Conversation(models.Model):
    """Written by `campaigns.conversation_states` alone. It holds no words: they are its envíos and its replies.

    WhatsApp names a person by phone, by a `lid`, or by both; each is one person's on one line.
    """

    session = models.ForeignKey(
        WhatsAppSession, models.PROTECT, related_name="conversations", verbose_name=_("sesión"), db_index=False
    )
    phone = models.CharField(_("teléfono"), max_length=20, null=True, blank=True)  # E.164
    lid = IdentifierField(_("id oculto de WhatsApp"), max_length=20, null=True, blank=True)
    # The last one that had written to them from this line when they answered.
    campaign = models.ForeignKey(
        Campaign,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("campaña"),
        db_index=False,
    )

    state = models.CharField(_("estado"), max_length=16, choices=ConversationState, editable=False)
    # Messages of theirs that nobody has opened.
    unread = models.PositiveIntegerField(_("sin leer"), default=0, editable=False)
    # Since their first word that nobody has attended to.
    waiting_since = models.DateTimeField(_("espera desde"), null=True, blank=True, editable=False)
    # From then on it is somebody's turn: when they began to wait, or the hour that it was put off to.
    due_at = models.DateTimeField(_("toca desde"), null=True, blank=True, editable=False)
    handled_at = models.DateTimeField(_("atendida el"), null=True, blank=True, editable=False)
    # Nobody: they asked for silence, or it was over before conversations were kept.
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("atendió")
    )
    assigned_to = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="conversations",
        editable=False,
        verbose_name=_("asignada a"),
        db_index=False,
    )
    last_reply = models.ForeignKey(
        Reply, models.SET_NULL, null=True, blank=True, related_name="+", editable=False, verbose_name=_("lo último")
    )
    last_at = models.DateTimeField(_("último mensaje"), editable=False)
    # Grows with every change that somebody who looked before it should know of.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("conversación")
        verbose_name_plural = _("conversaciones")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["session", "phone"], name="conversation_of_phone"),
            models.UniqueConstraint(fields=["session", "lid"], name="conversation_of_lid"),
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(lid__isnull=False), name="conversation_has_somebody"
            ),
            models.CheckConstraint(condition=Q(state__in=ConversationState.values), name="conversation_state_known"),
            models.CheckConstraint(
                condition=Q(
                    state__in=CONVERSATION_OPEN,
                    waiting_since__isnull=False,
                    due_at__isnull=False,
                )
                | Q(
                    state=ConversationState.HANDLED,
                    waiting_since__isnull=True,
                    due_at__isnull=True,
                    unread=0,
                ),
                name="conversation_waits_or_not",
            ),
        ]
        indexes = [
            # Readers: what waits for an answer, of a line, of a campaign, of a person, of a client, or of everybody.
            models.Index(fields=["session", "due_at"], name="conversation_line_due"),
            models.Index(fields=["campaign", "due_at"], name="conversation_campaign_due"),
            models.Index(fields=["assigned_to", "due_at"], name="conversation_person_due"),
            models.Index(fields=["due_at"], name="conversation_due"),
            models.Index(fields=["phone"], name="conversation_phone"),
            # Readers: the newest of a line, of a campaign, of a person, of everybody.
            models.Index(fields=["session", "last_at"], name="conversation_line_last"),
            models.Index(fields=["campaign", "last_at"], name="conversation_campaign_last"),
            models.Index(fields=["assigned_to", "last_at"], name="conversation_person_last"),
            models.Index(fields=["last_at"], name="conversation_last"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    def words(self) -> Q:
        """Whose replies to its line are this person's."""
        return Q(phone=self.phone) if self.phone else Q(lid=self.lid or "", phone="")

    @property
    def snoozed_until(self) -> dt.datetime | None:
        return self.due_at if self.state == ConversationState.SNOOZED else None

    def is_waiting(self, now: dt.datetime) -> bool:
        """A fact of the clock: what was put off waits again from its hour on."""
        return self.due_at is not None and self.due_at <= now


class ConversationEvent(models.Model):
    """What people decided about a conversation besides attending to it. Append-only; its words are ours, not theirs."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="events", verbose_name=_("conversación")
    )
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("quién"), db_index=False)
    kind = models.CharField(_("qué"), max_length=16, choices=ConversationEventKind)
    # Of who was given it, or left it: from whom, and to whom.
    before = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("de quién era"), db_index=False
    )
    to = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("para quién"), db_index=False
    )
    reason = models.CharField(_("motivo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("decisión sobre una conversación")
        verbose_name_plural = _("decisiones sobre conversaciones")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ConversationEventKind.values), name="conversation_event_kind_known"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
