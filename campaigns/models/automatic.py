"""What a line answers by itself: the rules that people set, and what came of each."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import AutomaticKind, HeldBack
from campaigns.models.conversation import Conversation
from campaigns.models.envio import Envio
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import teams_of
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession

LONGEST_TEXT = 1_000
LONGEST_KEYWORDS = 1_000


class AutomaticRuleQuerySet(models.QuerySet["AutomaticRule"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A team's rules are its supervisors'."""
        return self.filter(team__in=teams_of(user))

    def at_work(self, session: WhatsAppSession) -> Self:
        """Those that this line answers by."""
        of_line = Q(session=session) | Q(session=None)
        return self.filter(of_line, team=session.team_id, enabled=True)


class AutomaticRule(models.Model):
    """Written by `campaigns.automatic.rules` alone. Off until somebody turns it on."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="automatic_rules", verbose_name=_("equipo"))
    session = models.ForeignKey(
        WhatsAppSession,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="automatic_rules",
        verbose_name=_("línea"),
        help_text=_("Vacía: todas las líneas del equipo."),
    )
    kind = models.CharField(_("cuándo contesta"), max_length=16, choices=AutomaticKind)
    keywords = models.TextField(
        _("palabras clave"),
        blank=True,
        help_text=_("Una por línea. Contesta si el mensaje tiene alguna, sin importar mayúsculas ni acentos."),
    )
    text = models.TextField(_("respuesta"), help_text=_("Sale tal cual: no lleva columnas ni variaciones."))
    enabled = models.BooleanField(_("encendida"), default=False)
    changed_at = models.DateTimeField(_("cambió"), editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("la cambió"),
    )

    objects = AutomaticRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("respuesta automática")
        verbose_name_plural = _("respuestas automáticas")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AutomaticKind.values), name="automatic_rule_kind_known"),
            models.CheckConstraint(condition=~Q(text=""), name="automatic_rule_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.session or self.team}"


class AutomaticAnswerQuerySet(models.QuerySet["AutomaticAnswer"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(session__team__in=teams_of(user))


class AutomaticAnswer(models.Model):
    """One that was written, or held back. Append-only, but for the key of whoever comes back.

    It names nobody: the person is its conversation's, the words are its envío's.
    """

    rule = models.ForeignKey(
        AutomaticRule, models.SET_NULL, null=True, related_name="answers", verbose_name=_("regla"), editable=False
    )
    kind = models.CharField(_("cuándo contesta"), max_length=16, choices=AutomaticKind)
    session = models.ForeignKey(WhatsAppSession, models.PROTECT, related_name="+", verbose_name=_("línea"))
    conversation = models.ForeignKey(
        Conversation, models.SET_NULL, null=True, related_name="automatic_answers", verbose_name=_("conversación")
    )
    at = models.DateTimeField(_("cuándo"))
    # Empty when it was held back.
    envio = models.OneToOneField(
        Envio, models.SET_NULL, null=True, related_name="automatic_answer", verbose_name=_("mensaje")
    )
    held_back = models.CharField(_("no salió porque"), max_length=16, choices=HeldBack, blank=True)
    # The same again is none: of a conversation and its day, or of a person who asked for silence.
    once = IdentifierField(max_length=80, null=True, unique=True)

    objects = AutomaticAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("respuesta automática enviada")
        verbose_name_plural = _("registro de respuestas automáticas")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AutomaticKind.values), name="automatic_answer_kind_known"),
            models.CheckConstraint(
                condition=Q(held_back="") | Q(held_back__in=HeldBack.values, envio=None),
                name="automatic_answer_went_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
