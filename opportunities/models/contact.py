"""What people tried to reach a client with, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from leadmaster.lib.fields import IdentifierField
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.models.opportunity import Opportunity

LONGEST_NOTE = 240


class ContactAttempt(models.Model):
    """One press of Llamar or WhatsApp. Written by `opportunities.funnel.contact` alone."""

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="contact_attempts", verbose_name=_("oportunidad")
    )
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("quién"), db_index=False)
    channel = models.CharField(_("por dónde"), max_length=16, choices=ContactChannel)
    phone = models.CharField(_("teléfono"), max_length=20, blank=True)  # E.164
    at = models.DateTimeField(_("cuándo"))
    outcome = models.CharField(
        _("resultado"), max_length=16, choices=ContactOutcome, default=ContactOutcome.PENDING, editable=False
    )
    told_at = models.DateTimeField(_("contado el"), null=True, blank=True, editable=False)
    note = models.CharField(_("nota"), max_length=LONGEST_NOTE, blank=True)
    # The name of the press: however often it arrives, it is one attempt.
    key = IdentifierField(max_length=64)

    class Meta:
        verbose_name = _("intento de contacto")
        verbose_name_plural = _("intentos de contacto")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["by", "key"], name="contact_once"),
            models.CheckConstraint(condition=Q(channel__in=ContactChannel.values), name="contact_channel_known"),
            models.CheckConstraint(condition=Q(outcome__in=ContactOutcome.values), name="contact_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome=ContactOutcome.PENDING, told_at__isnull=True)
                | (~Q(outcome=ContactOutcome.PENDING) & Q(told_at__isnull=False)),
                name="contact_told_or_not",
            ),
        ]
        indexes = [
            # Reader: the contacts of a person's day, and those of theirs that nobody has told about.
            models.Index(fields=["by", "at"], name="contact_of_person"),
            # Reader: the contacts of a day.
            models.Index(fields=["at"], name="contact_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"
