"""Signs of life, calls for help, and requests that may be repeated."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.fields import IdentifierField


class Heartbeat(models.Model):
    """When something that must keep running last did."""

    name = IdentifierField(_("nombre"), max_length=64, unique=True)
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

    key = IdentifierField(_("clave"), max_length=160)
    # The key while it is open and NULL afterwards: UNIQUE then allows one open alert and any number of past ones.
    open_key = IdentifierField(max_length=160, unique=True, null=True, blank=True, editable=False)
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
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
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
    key = IdentifierField(_("clave"), max_length=128)
    # SHA-256 of method, address and body: the same key may not ask for something else.
    fingerprint = IdentifierField(max_length=64)
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


class ReconciliationRun(models.Model):
    """One nightly look at everything, made in slices. `cursor` holds the last id that each check has passed."""

    started_at = models.DateTimeField(_("empezó"))
    alive_at = models.DateTimeField(_("última señal"))
    finished_at = models.DateTimeField(_("terminó"), null=True, blank=True)
    # The run while it is at work and NULL afterwards: one at a time.
    open_key = models.CharField(max_length=1, unique=True, null=True, blank=True, editable=False)
    cursor = models.JSONField(default=dict, editable=False)
    # By check: how many were found; and which could not be carried out, with the reason.
    found = models.JSONField(_("hallazgos"), default=dict)
    failed = models.JSONField(_("sin revisar"), default=dict)

    class Meta:
        verbose_name = _("conciliación")
        verbose_name_plural = _("conciliaciones")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.started_at):%d/%m/%Y}"

    @property
    def total(self) -> int:
        return sum(self.found.values())


class ReconciliationFinding(models.Model):
    """What a nightly run found; of each check the first so many. Whoever repairs looks at the rows again."""

    run = models.ForeignKey(ReconciliationRun, models.CASCADE, related_name="findings", verbose_name=_("conciliación"))
    area = models.CharField(_("tema"), max_length=32)
    kind = models.CharField(_("control"), max_length=64)
    subject = models.BigIntegerField(_("fila"))
    what = models.CharField(_("qué está mal"), max_length=300)
    evidence = models.JSONField(_("evidencia"), default=dict, encoder=DjangoJSONEncoder)
    repair = models.CharField(_("reparación"), max_length=300, blank=True)
    repaired_at = models.DateTimeField(_("reparado"), null=True, blank=True)

    class Meta:
        verbose_name = _("hallazgo")
        verbose_name_plural = _("hallazgos")
        ordering = ["id"]
        permissions = [("apply_repair", "Can apply the repairs of a reconciliation")]
        constraints = [models.UniqueConstraint(fields=["run", "kind", "subject"], name="finding_once_per_run")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"


class Repair(models.Model):
    """One lie that was put right: by whom, what was wrong, and what was done. Append-only."""

    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    kind = models.CharField(_("control"), max_length=64)
    subject = models.BigIntegerField(_("fila"))
    what = models.CharField(_("qué estaba mal"), max_length=300)
    evidence = models.JSONField(_("evidencia"), default=dict, encoder=DjangoJSONEncoder)
    done = models.CharField(_("qué se hizo"), max_length=300)

    class Meta:
        verbose_name = _("reparación")
        verbose_name_plural = _("reparaciones")
        ordering = ["-id"]
        # Reader: what was ever repaired of one row.
        indexes = [models.Index(fields=["kind", "subject"], name="repair_of_subject")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"


class PersonalDataRequest(models.Model):
    """Somebody's data was told or erased: who asked for it, when and why. Of the person nothing but a keyed hash."""

    class Kind(models.TextChoices):
        EXPORT = "exportar", _("Exportación")
        ERASE = "borrar", _("Borrado")

    kind = models.CharField(_("qué"), max_length=16, choices=Kind)
    person_key = IdentifierField(_("clave de la persona"), max_length=32)
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    reason = models.CharField(_("motivo"), max_length=300)
    counts = models.JSONField(_("cuánto"), default=dict)

    class Meta:
        verbose_name = _("pedido de datos personales")
        verbose_name_plural = _("datos personales")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("handle_personal_data", "Can export and erase the data of one person")]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["exportar", "borrar"]), name="personal_data_kind_known")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person_key[:8]}"


class PushSubscription(models.Model):
    """A browser of a person's that may be told something while no page of ours is open there."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions", verbose_name=_("persona")
    )
    endpoint = models.TextField(_("dirección"))
    # SHA-256 of the address, which is too long for an index.
    digest = IdentifierField(max_length=64, unique=True)
    # The browser's: only it opens what is sent.
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    language = models.CharField(_("idioma"), max_length=10)
    created_at = models.DateTimeField(_("desde"))

    class Meta:
        verbose_name = _("dispositivo con avisos")
        verbose_name_plural = _("dispositivos con avisos")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"#{self.pk}"


class PushNotice(models.Model):
    """Something that a person was told on their devices, so that it is told once. Kept for a few days."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("persona"))
    key = IdentifierField(_("qué"), max_length=120)
    told_at = models.DateTimeField(_("cuándo"))

    class Meta:
        verbose_name = _("aviso en un dispositivo")
        verbose_name_plural = _("avisos en dispositivos")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="push_notice_once")]
        # Reader: what is old enough to be forgotten.
        indexes = [models.Index(fields=["told_at"], name="push_notice_age")]

    def __str__(self) -> str:
        return self.key


class RolledDay(models.Model):
    """A day whose sums are written down. Written and read by `leadmaster.ops.rollups` alone."""

    rollup = IdentifierField(_("sumas"), max_length=32)
    zone = IdentifierField(_("zona horaria"), max_length=64)
    day = models.DateField(_("día"))
    since = models.DateTimeField()
    until = models.DateTimeField()
    # What the sums were counted by, beside the rows: another one, and they are counted again.
    basis = IdentifierField(max_length=64, blank=True, default="")
    counted_at = models.DateTimeField(_("contado"))

    class Meta:
        verbose_name = _("día sumado")
        verbose_name_plural = _("días sumados")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["rollup", "zone", "day"], name="rolled_day_once")]

    def __str__(self) -> str:
        return f"{self.rollup} {self.day} ({self.zone})"


class LateChange(models.Model):
    """Something changed of what happened at `at`, whose day may be summed up already. Gone once that day is counted anew."""

    at = models.DateTimeField()

    class Meta:
        verbose_name = _("cambio tardío")
        verbose_name_plural = _("cambios tardíos")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
