"""A lane: one place of a session where one message can be in flight."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.querysets import LaneQuerySet
from whatsapp.models import WhatsAppSession


class Lane(models.Model):
    """Claims take lanes, not messages: pacing and one in flight follow. `next_due` is when it may send again."""

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="lanes", verbose_name=_("sesión"))
    slot = models.PositiveSmallIntegerField(_("lugar"))
    busy = models.BooleanField(_("ocupado"), default=False)
    next_due = models.DateTimeField(_("libre desde"), default=timezone.now)
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    burst_count = models.PositiveIntegerField(_("mensajes en esta ráfaga"), default=0)

    objects = LaneQuerySet.as_manager()

    class Meta:
        verbose_name = _("carril")
        verbose_name_plural = _("carriles")
        constraints = [
            models.UniqueConstraint(fields=["session", "slot"], name="lane_slot_once"),
            models.CheckConstraint(
                condition=Q(busy=False, token__isnull=True, lease_until__isnull=True)
                | Q(busy=True, token__isnull=False, lease_until__isnull=False),
                name="lane_busy_is_held",
            ),
        ]
        # Reader: claim takes free lanes in the order in which they fell due.
        indexes = [models.Index(fields=["busy", "next_due", "id"], name="lane_due")]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.slot}"
