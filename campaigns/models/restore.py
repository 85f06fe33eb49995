"""What the database knows of the machines that send, and of a time when it came back from a backup."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.envio import Envio
from campaigns.querysets import JournalReportQuerySet
from leadmaster.lib.fields import IdentifierField


class DatabaseIdentity(models.Model):
    """One row: which database this is. It stays the same through backups, and a journal says which one it speaks of."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("identidad de la base")
        verbose_name_plural = _("identidad de la base")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="database_identity_is_one")]

    def __str__(self) -> str:
        return str(self.key)


class Sender(models.Model):
    """A machine that sends, known by the folder of its journal, whatever its host is called today.

    `epoch` grows with each minute in which it may send, and stands beside each line of the journal: a database whose
    epoch is behind the journal's is older than what was sent.
    """

    key = models.UUIDField(unique=True, editable=False)
    name = models.CharField(_("equipo"), max_length=200)
    epoch = models.PositiveBigIntegerField(default=0, editable=False)
    first_seen_at = models.DateTimeField(_("desde"))
    last_seen_at = models.DateTimeField(_("visto por última vez"))

    class Meta:
        verbose_name = _("equipo que envía")
        verbose_name_plural = _("equipos que envían")
        ordering = ["name", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Restore(models.Model):
    """The database came back from a backup. Sending stays off until each known machine reported its journal."""

    detected_at = models.DateTimeField(_("cuándo se notó"))
    reason = models.CharField(_("cómo se notó"), max_length=300)

    class Meta:
        verbose_name = _("vuelta de un respaldo")
        verbose_name_plural = _("vueltas de respaldos")
        ordering = ["-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{timezone.localtime(self.detected_at):%d/%m/%Y %H:%M}"


class JournalReport(models.Model):
    """What one machine's journal had to say after a restore: reported, or lost by the word of a named person."""

    restore = models.ForeignKey(
        Restore, models.CASCADE, related_name="reports", verbose_name=_("vuelta de un respaldo")
    )
    sender = models.ForeignKey(Sender, models.PROTECT, related_name="reports", verbose_name=_("equipo"))
    reported_at = models.DateTimeField(_("leído"), null=True, blank=True)
    parked = models.PositiveIntegerField(_("envíos que pudieron haber salido"), default=0)
    lost_at = models.DateTimeField(_("dado por perdido"), null=True, blank=True)
    lost_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    lost_reason = models.CharField(_("motivo"), max_length=300, blank=True)

    objects = JournalReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("diario de envíos")
        verbose_name_plural = _("diarios de envíos después de un respaldo")
        ordering = ["-restore_id", "id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["restore", "sender"], name="journal_report_once"),
            models.CheckConstraint(
                condition=Q(lost_at__isnull=True) | (Q(lost_by__isnull=False) & ~Q(lost_reason="")),
                name="journal_lost_has_author",
            ),
        ]

    def __str__(self) -> str:
        return str(self.sender)


class ForgottenDispatch(models.Model):
    """One dispatch that a journal names and the backup did not know. Holds no phone: `person_key` is a keyed hash.

    `envio` is the row that the message belonged to, when the backup has it. Whoever got a text since the backup does
    not get the same one again by itself until `excluded_until`.
    """

    restore = models.ForeignKey(Restore, models.CASCADE, related_name="dispatches")
    token = models.UUIDField(unique=True)
    client_message_id = models.UUIDField()
    person_key = IdentifierField(max_length=32, blank=True)
    at = models.DateTimeField()
    excluded_until = models.DateTimeField()
    envio = models.ForeignKey(Envio, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("salida olvidada")
        verbose_name_plural = _("salidas olvidadas")
        default_permissions = ()
        # Reader: the last look before the socket.
        indexes = [models.Index(fields=["person_key", "excluded_until"], name="forgotten_person")]

    def __str__(self) -> str:
        return str(self.token)
