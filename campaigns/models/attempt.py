"""The log of tries: one row per claim, opened before the send and closed after it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.enums import AttemptOutcome
from campaigns.models.envio import Envio
from campaigns.models.lane import Lane
from campaigns.models.schedule import ScheduleDay, SessionDay
from leadmaster.lib.fields import IdentifierField


class Attempt(models.Model):
    """Append-only but for its own closing. `token` is the claim's; times in UTC."""

    envio = models.ForeignKey(Envio, models.CASCADE, related_name="attempt_log", verbose_name=_("envío"))
    token = models.UUIDField(_("intento"), unique=True)
    lane = models.ForeignKey(Lane, models.SET_NULL, null=True, related_name="+", verbose_name=_("carril"))
    # What was charged, so that a refund finds the same day even after midnight. A reply charges neither.
    session_day = models.ForeignKey(SessionDay, models.PROTECT, null=True, related_name="attempts")
    schedule_day = models.ForeignKey(ScheduleDay, models.PROTECT, null=True, related_name="attempts")
    refunded = models.BooleanField(_("devuelto al cupo"), default=False)
    # Whether it used up one of the message's tries: waiting for a session that is not ready does not.
    counted = models.BooleanField(_("cuenta como intento"), default=True)
    worker = models.CharField(_("proceso"), max_length=80)
    due_at = models.DateTimeField(_("le tocaba"), null=True)
    claimed_at = models.DateTimeField(_("tomado"))
    dispatched_at = models.DateTimeField(_("salió hacia el gateway"), null=True, blank=True)
    finished_at = models.DateTimeField(_("terminó"), null=True, blank=True)
    outcome = models.CharField(_("resultado"), max_length=16, choices=AttemptOutcome, default=AttemptOutcome.OPEN)
    host = models.CharField(_("gateway"), max_length=200, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP"), null=True, blank=True)
    code = models.CharField(_("código"), max_length=64, blank=True)
    detail = models.CharField(_("detalle"), max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(_("duración (ms)"), null=True, blank=True)
    message_id = IdentifierField(_("id del gateway"), max_length=160, blank=True)

    class Meta:
        verbose_name = _("intento")
        verbose_name_plural = _("intentos")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome=AttemptOutcome.OPEN, finished_at__isnull=True)
                | (~Q(outcome=AttemptOutcome.OPEN) & Q(finished_at__isnull=False)),
                name="attempt_closed_has_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.claimed_at):%d/%m/%Y %H:%M:%S}"
