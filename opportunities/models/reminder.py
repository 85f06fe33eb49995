"""A date on which somebody has to come back to a client."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Conversation
from leadmaster.accounts.models import Team, User
from leadmaster.lib.fields import IdentifierField
from opportunities.enums import ReminderState
from opportunities.models.contact import LONGEST_NOTE, ContactAttempt
from opportunities.models.opportunity import Opportunity
from opportunities.querysets import ReminderQuerySet


class Reminder(models.Model):
    """On an opportunity, whose owner's it always is while it is open, or on a conversation.

    Written by `opportunities.timers.reminders`, and by `opportunities.state.following` where its opportunity goes.
    """

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, null=True, blank=True, related_name="reminders", verbose_name=_("oportunidad")
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, null=True, blank=True, related_name="reminders", verbose_name=_("conversación")
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="+", verbose_name=_("equipo"), db_index=False)
    whom = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("para quién"), db_index=False)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("quién lo puso"), db_index=False)
    set_at = models.DateTimeField(_("puesto el"))
    # An instant: another zone of the desk's calendar does not move what was promised to a client.
    due_at = models.DateTimeField(_("cuándo"))
    note = models.CharField(_("nota"), max_length=LONGEST_NOTE, blank=True)
    # The client asked for this date, and the stage's timer waits for it.
    holds = models.BooleanField(_("detiene el plazo"), default=False)
    attempt = models.OneToOneField(
        ContactAttempt, models.SET_NULL, null=True, blank=True, related_name="reminder", editable=False
    )
    state = models.CharField(
        _("estado"), max_length=16, choices=ReminderState, default=ReminderState.PENDING, editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    postponed = models.PositiveIntegerField(_("veces pospuesto"), default=0, editable=False)
    # Whose it was before its opportunity changed hands; whoever has it now reads it.
    handed_from = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("venía de"), editable=False
    )
    closed_at = models.DateTimeField(_("cerrado el"), null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién lo cerró"), editable=False
    )
    key = IdentifierField(max_length=64)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("recordatorio")
        verbose_name_plural = _("recordatorios")
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["set_by", "key"], name="reminder_once"),
            models.CheckConstraint(condition=Q(state__in=ReminderState.values), name="reminder_state_known"),
            models.CheckConstraint(
                condition=Q(opportunity__isnull=False, conversation__isnull=True)
                | Q(opportunity__isnull=True, conversation__isnull=False, holds=False),
                name="reminder_of_one",
            ),
            models.CheckConstraint(
                condition=Q(state=ReminderState.PENDING, closed_at__isnull=True)
                | (~Q(state=ReminderState.PENDING) & Q(closed_at__isnull=False)),
                name="reminder_open_or_closed",
            ),
        ]
        indexes = [
            # Reader: what is due of somebody's; what they have open.
            models.Index(fields=["whom", "state", "due_at"], name="reminder_of_person"),
            # Reader: a team's, for whoever supervises it.
            models.Index(fields=["team", "state", "due_at"], name="reminder_of_team"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
