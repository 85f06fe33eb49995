"""Signs of life, calls for help, and requests that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When something that must keep running last did."""

    name = models.CharField(_("nombre"), max_length=64, unique=True)
    at = models.DateTimeField(_("último latido"))
    detail = models.JSONField(_("detalle"), default=dict, blank=True)

    class Meta:
        verbose_name = _("latido")
        verbose_name_plural = _("latidos")

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Something a person has to know. One is open per key; the same trouble again counts on it."""

    class Severity(models.TextChoices):
        INFO = "info", _("Aviso")
        WARNING = "advertencia", _("Advertencia")
        CRITICAL = "critica", _("Crítica")

    key = models.CharField(_("clave"), max_length=160)
    # The key while it is open and NULL afterwards: UNIQUE then allows one open alert and any number of past ones.
    open_key = models.CharField(max_length=160, unique=True, null=True, blank=True, editable=False)
    severity = models.CharField(_("gravedad"), max_length=16, choices=Severity)
    title = models.CharField(_("título"), max_length=200)
    body = models.TextField(_("detalle"), blank=True)
    count = models.PositiveIntegerField(_("veces"), default=1)
    opened_at = models.DateTimeField(_("desde"))
    last_seen_at = models.DateTimeField(_("última vez"))
    resolved_at = models.DateTimeField(_("resuelta"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("resuelta por")
    )
    # Notification ledger: what was told, so that a notice that failed is told again.
    open_notified_at = models.DateTimeField(null=True, blank=True, editable=False)
    resolve_notified_at = models.DateTimeField(null=True, blank=True, editable=False)
    notify_error = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("alerta")
        verbose_name_plural = _("alertas")
        ordering = ["-id"]
        permissions = [("resolve_alert", "Can resolve alerts")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(open_key__isnull=True, resolved_at__isnull=False)
                | models.Q(open_key=models.F("key"), resolved_at__isnull=True),
                name="alert_open_key_while_open",
            )
        ]
        indexes = [models.Index(fields=["resolved_at", "-last_seen_at"], name="alert_open_first")]

    def __str__(self) -> str:
        return self.title


class IdempotentRequest(models.Model):
    """One key that a client gave to one POST, and the answer that a repetition gets. Kept until `expires_at`.

    `answered_at` is empty while the request is being carried out, and stays so when its process died over it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("quién"))
    key = models.CharField(_("clave"), max_length=128)
    # SHA-256 of method, address and body: the same key may not ask for something else.
    fingerprint = models.CharField(max_length=64)
    # Who carries it out. A takeover writes another one, and the first can't answer any more.
    token = models.UUIDField()
    lease_until = models.DateTimeField()
    started_at = models.DateTimeField(_("empezó"))
    answered_at = models.DateTimeField(_("respondió"), null=True, blank=True)
    status = models.PositiveSmallIntegerField("HTTP", null=True, blank=True)
    answer = models.TextField(_("respuesta"), blank=True)
    expires_at = models.DateTimeField(_("se olvida"))

    class Meta:
        verbose_name = _("solicitud con clave")
        verbose_name_plural = _("solicitudes con clave")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotent_key_once"),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, status__isnull=True)
                | models.Q(answered_at__isnull=False, status__isnull=False),
                name="idempotent_answer_has_status",
            ),
        ]
        # Reader: each new key of a person sweeps that person's forgotten ones.
        indexes = [models.Index(fields=["user", "expires_at"], name="idempotent_forget")]

    def __str__(self) -> str:
        return self.key
