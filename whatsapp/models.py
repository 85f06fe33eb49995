"""A WhatsApp session: one phone number paired with one tenant of a gateway."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import scope
from leadmaster.lib.days import ChargedDays
from leadmaster.lib.fields import EncryptedTextField, IdentifierField
from leadmaster.lib.zones import zone_named
from whatsapp import addresses
from whatsapp.addresses import GatewayAddressField
from whatsapp.gateways import registry
from whatsapp.gateways.base import Capability, GatewayConfig, SessionState

MOST_A_DAY = 100_000
MOST_LANES = 1_000


class Region(models.TextChoices):
    """Whose phone habits a local number is read with."""

    AR = "AR", _("Argentina")
    MX = "MX", _("México")
    BR = "BR", _("Brasil")


class GatewayKind(models.TextChoices):
    META_CLOUD = registry.META_CLOUD, _("API oficial de Meta (Cloud API)")
    SESSION_MANAGER = registry.SESSION_MANAGER, _("Session manager")
    WAHA = registry.WAHA, _("WAHA (no oficial)")
    EVOLUTION = registry.EVOLUTION, _("Evolution API v2 (no oficial)")


class State(models.TextChoices):
    """The last state that the gateway reported."""

    READY = SessionState.READY.value, _("Conectada")
    CONNECTING = SessionState.CONNECTING.value, _("Conectando")
    AWAITING_QR = SessionState.AWAITING_QR.value, _("Esperando código QR")
    DISCONNECTED = SessionState.DISCONNECTED.value, _("Desconectada")


def _check_time_zone(value: str) -> None:
    if zone_named(value) is None:
        raise ValidationError(_("Escribe una zona horaria como America/Mexico_City."))


# It travels in a header of each request to the gateway, where only visible ASCII arrives as it was sent.
_TENANT_ID = RegexValidator(
    r"\A[!-~]+\Z", _("Escríbelo tal como lo conoce el gateway: letras, números y signos, sin espacios.")
)


class WhatsAppSessionQuerySet(models.QuerySet["WhatsAppSession"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(scope(user, owner="owner", team="team"))

    def ready(self, now: dt.datetime) -> Self:
        """Sessions a message may leave through now, as far as we know without asking."""
        return self.filter(
            Q(blocked_until__isnull=True) | Q(blocked_until__lte=now),
            state=State.READY,
            can_send=True,
            paused_at__isnull=True,
            deaf_since__isnull=True,
            # Marked before it is closed: nothing may be on its way while it closes.
            rested_at__isnull=True,
        )

    def lost(self) -> Self:
        """Closed, and neither by a person nor to rest: by the network, by its gateway, or by WhatsApp."""
        return self.filter(
            state=State.DISCONNECTED, paused_at__isnull=True, closed_at__isnull=True, rested_at__isnull=True
        )

    def asked_to_rest(self) -> Self:
        return self.filter(Q(idle_after__gt=0) | Q(rested_at__isnull=False))

    def waiting_for_gateway(self, now: dt.datetime) -> Self:
        """Not ready, and worth asking again: nobody paused them."""
        return self.filter(Q(probe_at__isnull=True) | Q(probe_at__lte=now), paused_at__isnull=True).exclude(
            state=State.READY
        )


def _default_daily_limit() -> int:
    return settings.WHATSAPP_DAILY_LIMIT


def _default_time_zone() -> str:
    return settings.TIME_ZONE


class WhatsAppSession(models.Model):
    """State fields are written by `whatsapp.sessions` alone."""

    name = models.CharField(_("nombre"), max_length=120)
    tenant_id = IdentifierField(
        _("cliente_id"),
        max_length=64,
        validators=[_TENANT_ID],
        help_text=_("El identificador con el que el gateway conoce esta línea."),
    )
    gateway = models.CharField(_("gateway"), max_length=32, choices=GatewayKind, default=GatewayKind.SESSION_MANAGER)
    base_url = GatewayAddressField(
        _("dirección del gateway"), blank=True, help_text=_("Vacía: la de SESSION_MANAGER_BASE_URL.")
    )
    token = EncryptedTextField(_("token del gateway"), blank=True)
    webhook_secret = EncryptedTextField(_("secreto de los avisos"), blank=True)
    # What a vendor that asks first whether the address of the callbacks is ours has to say.
    verify_token = EncryptedTextField(_("token de verificación"), blank=True)
    owner = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="whatsapp_sessions",
        verbose_name=_("promotor"),
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="whatsapp_sessions", verbose_name=_("equipo"))
    region = models.CharField(_("país"), max_length=2, choices=Region, default=Region.AR)
    time_zone = models.CharField(
        _("zona horaria"),
        max_length=64,
        default=_default_time_zone,
        validators=[_check_time_zone],
        help_text=_("Si la cambias, las programaciones aprobadas de sus campañas esperan una aprobación nueva."),
    )
    # After its zone changed: the day that goes on until both zones have passed midnight.
    held_day = models.DateField(null=True, blank=True, editable=False)
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    daily_limit = models.PositiveIntegerField(
        _("límite diario"),
        default=_default_daily_limit,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_A_DAY)],
    )
    # By WhatsApp's own word: how many different people may be written to first in 24 hours. Empty: no bound is known.
    people_a_day = models.PositiveIntegerField(_("personas por día"), null=True, blank=True, editable=False)
    lane_count = models.PositiveSmallIntegerField(
        _("mensajes a la vez"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_LANES)]
    )

    phone = models.CharField(_("número vinculado"), max_length=20, blank=True)
    state = models.CharField(_("estado"), max_length=16, choices=State, default=State.DISCONNECTED, editable=False)
    state_at = models.DateTimeField(_("desde"), null=True, blank=True, editable=False)
    # READY, and yet the gateway says that it sends nothing.
    can_send = models.BooleanField(_("puede enviar"), default=True, editable=False)
    # Connected without sending since then: by its own word, or because it refuses each message while it says READY.
    mute_since = models.DateTimeField(_("sin enviar desde"), null=True, blank=True, editable=False)
    send_refusals = models.PositiveSmallIntegerField(default=0, editable=False)
    # When its gateway last told us anything by itself, to the minute.
    heard_at = models.DateTimeField(_("último aviso"), null=True, blank=True, editable=False)
    # Connected, and nothing that it sent was acknowledged: it is left alone since then.
    deaf_since = models.DateTimeField(_("sin acuses desde"), null=True, blank=True, editable=False)
    # What it sent before this moment says nothing any more: it was heard again, or a person let it go on.
    deaf_cleared_at = models.DateTimeField(null=True, blank=True, editable=False)
    deaf_after = models.PositiveSmallIntegerField(
        _("mensajes sin acuse hasta frenarla"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "Se frena cuando tantos seguidos no llegan al servidor y nada llega de ella. Vacío: lo normal; 0: nunca."
        ),
    )
    in_use_since = models.DateField(
        _("en uso desde"),
        null=True,
        blank=True,
        help_text=_("Si el número ya enviaba antes de llegar aquí: así no empieza de cero. Vacío: es nuevo."),
    )
    warm_up_start = models.PositiveIntegerField(
        _("mensajes del primer día"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_A_DAY)],
        help_text=_(
            "Crece cada día que sale bien, hasta el límite. Vacío: lo normal; 0: desde el primer día el límite."
        ),
    )
    # How far its ramp has come, and since which of its days; None: it sends up to its own limit. `whatsapp.warm_up`.
    warm_up_step = models.PositiveSmallIntegerField(null=True, editable=False)
    warm_up_day = models.DateField(null=True, editable=False)
    # When it was first seen READY. Empty: nobody ever paired it.
    paired_at = models.DateTimeField(_("vinculada por primera vez"), null=True, blank=True, editable=False)
    last_seen_at = models.DateTimeField(_("última respuesta"), null=True, blank=True, editable=False)
    unreachable_since = models.DateTimeField(_("sin respuesta desde"), null=True, blank=True, editable=False)
    trouble = models.CharField(_("problema"), max_length=300, blank=True, editable=False)
    # For programs: the gateway's code of what `trouble` tells people.
    trouble_code = models.CharField(max_length=64, blank=True, editable=False)
    # Waiting will not help (logged out, banned, wrong token): only a person lifts this.
    paused_at = models.DateTimeField(_("en pausa desde"), null=True, blank=True, editable=False)
    # The gateway asked for a pause (429) until then.
    blocked_until = models.DateTimeField(_("frenada hasta"), null=True, blank=True, editable=False)
    # First contacts are refused (463) until then; people who know the number still get theirs.
    cold_until = models.DateTimeField(_("sin contactos nuevos hasta"), null=True, blank=True, editable=False)
    # How many first contacts were refused within a day, and when the last was: one slows, several stop.
    cold_refusals = models.PositiveSmallIntegerField(default=0, editable=False)
    cold_refused_at = models.DateTimeField(null=True, blank=True, editable=False)
    # In the gateway's word, why it is closed; whoever closed it, and when; since when it rests.
    closed_reason = models.CharField(max_length=32, blank=True, editable=False)
    closed_at = models.DateTimeField(_("desconectada por una persona"), null=True, blank=True, editable=False)
    rested_at = models.DateTimeField(_("en reposo desde"), null=True, blank=True, editable=False)
    # When it is dialled next after it was lost, and how often it was: `whatsapp.reconnection`.
    reconnect_at = models.DateTimeField(_("próximo intento de conexión"), null=True, blank=True, editable=False)
    reconnect_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    idle_after = models.PositiveSmallIntegerField(
        _("minutos sin uso hasta desconectarla"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text=_(
            "Vuelve sola antes de que se abra la ventana de una campaña. Mientras descansa no recibe respuestas. Lo normal "
            "son 30; vacío: no se desconecta."
        ),
    )
    probe_at = models.DateTimeField(null=True, blank=True, editable=False)
    probe_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    capabilities = models.JSONField(_("capacidades"), default=list, blank=True, editable=False)
    gateway_version = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    objects = WhatsAppSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("sesión de WhatsApp")
        verbose_name_plural = _("sesiones de WhatsApp")
        ordering = ["name", "id"]
        permissions = [("pair_whatsappsession", "Can pair and disconnect a session")]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "base_url", "tenant_id"], name="session_tenant_once"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="session_state_known"),
            models.CheckConstraint(condition=Q(region__in=Region.values), name="session_region_known"),
            models.CheckConstraint(condition=Q(lane_count__gte=1), name="session_has_a_lane"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def charged_days(self) -> ChargedDays:
        return ChargedDays(tz=self.tz, held=self.held_day, until=self.held_until)

    def day_at(self, now: dt.datetime) -> dt.date:
        """The day whose limits count at `now`: its own zone's, unless the zone changed and that day goes on."""
        return self.charged_days.at(now)

    def next_day_at(self, now: dt.datetime) -> dt.datetime:
        """When the day whose limits count at `now` is over."""
        return self.charged_days.ends(now)

    def is_ready(self, now: dt.datetime) -> bool:
        return (
            self.state == State.READY
            and self.can_send
            and self.paused_at is None
            and self.deaf_since is None
            and self.rested_at is None
            and (self.blocked_until is None or self.blocked_until <= now)
        )

    @property
    def address(self) -> str:
        """Where our server goes for this line: as written, its kind's own home, or the environment's gateway."""
        if not self.base_url:
            return registry.profile(self.gateway).home or addresses.default()
        return addresses.resolved(self.base_url)

    def gateway_config(self) -> GatewayConfig:
        """Plain values for the threads that speak to the gateway.

        The token of the environment belongs to the gateway of the environment: a session that names another address
        needs a token of its own, or whoever may write an address could collect it.
        """
        ours = addresses.default()
        base_url = self.address
        return GatewayConfig(
            kind=self.gateway,
            base_url=base_url,
            tenant_id=self.tenant_id,
            token=self.token or (settings.SESSION_MANAGER_TOKEN if base_url == ours else ""),
            capabilities=frozenset(Capability(name) for name in self.capabilities if name in set(Capability)),
            send_timeout=float(settings.SESSION_MANAGER_SEND_TIMEOUT),
        )


class SessionEvent(models.Model):
    """What changed how a line may be used, and who changed it. Append-only; `by` is empty for what happened by itself."""

    class Kind(models.TextChoices):
        COLD_SLOWED = "nuevos_despacio", _("Contactos nuevos más despacio")
        COLD_STOPPED = "nuevos_detenidos", _("Contactos nuevos detenidos")
        COLD_LIFTED = "nuevos_permitidos", _("Contactos nuevos permitidos de nuevo")
        UNPAUSED = "pausa_quitada", _("Pausa quitada")
        DEAF_HELD = "sin_acuses", _("Frenada: no confirma lo que envía")
        DEAF_HEARD = "oida", _("Volvió a confirmar")
        DEAF_LIFTED = "acuses_dados", _("Freno soltado")
        CONNECTED = "conectada", _("Conectada por una persona")
        DISCONNECTED = "desconectada", _("Desconectada por una persona")
        RESTED = "reposo", _("En reposo por falta de uso")
        WOKEN = "despierta", _("Vuelve del reposo")
        WRONG_ACCOUNT = "otra_cuenta", _("Escaneó otro número: se cerró su sesión")
        NUMBER_CHANGED = "otro_numero", _("Cambia de número")
        WARM_UP_BEGUN = "ritmo_desde_cero", _("Empieza a tomar ritmo")
        WARM_UP_RAISED = "ritmo_sube", _("Más mensajes por día")
        WARM_UP_HELD = "ritmo_espera", _("Sigue igual: el último día no alcanza para subir")
        WARM_UP_LOWERED = "ritmo_baja", _("Menos mensajes por día")
        WARM_UP_ENDED = "ritmo_completo", _("Llegó a su límite diario")
        WARM_UP_LIFTED = "ritmo_dado", _("Límite completo por decisión")

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="events", verbose_name=_("sesión"))
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién"))
    kind = models.CharField(_("qué"), max_length=20, choices=Kind)
    until = models.DateTimeField(_("hasta"), null=True, blank=True)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("cambio de sesión")
        verbose_name_plural = _("historial de sesiones")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "nuevos_despacio",
                        "nuevos_detenidos",
                        "nuevos_permitidos",
                        "pausa_quitada",
                        "sin_acuses",
                        "oida",
                        "acuses_dados",
                        "conectada",
                        "desconectada",
                        "reposo",
                        "despierta",
                        "otra_cuenta",
                        "otro_numero",
                        "ritmo_desde_cero",
                        "ritmo_sube",
                        "ritmo_espera",
                        "ritmo_baja",
                        "ritmo_completo",
                        "ritmo_dado",
                    ]
                ),
                name="session_event_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.kind}"


class LineTest(models.Model):
    """One message of a line to its own number, because a person wants to see that it sends. `whatsapp.line_tests`."""

    class State(models.TextChoices):
        WAITING = "por_enviar", _("Por enviar")
        SENDING = "enviando", _("Enviando")
        SENT = "enviado", _("Enviado")
        FAILED = "fallido", _("No salió")
        UNKNOWN = "incierto", _("Sin certeza")

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="tests", verbose_name=_("sesión"))
    # The session while the test is open, NULL afterwards: one at a time.
    open_for = models.OneToOneField(WhatsAppSession, models.CASCADE, null=True, related_name="+")
    # Nobody: the sender itself wants to know whether a silent line sends.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("quién"))
    state = models.CharField(_("estado"), max_length=16, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField(_("pedido"))
    started_at = models.DateTimeField(_("empezó"), null=True)
    ended_at = models.DateTimeField(_("terminó"), null=True)
    client_message_id = models.UUIDField(_("id propio"), default=uuid.uuid4, unique=True)
    message_id = IdentifierField(_("id del gateway"), max_length=160, blank=True)
    detail = models.CharField(_("detalle"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("mensaje de prueba")
        verbose_name_plural = _("mensajes de prueba")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["por_enviar", "enviando", "enviado", "fallido", "incierto"]),
                name="line_test_state_known",
            ),
            models.CheckConstraint(condition=~Q(state="enviado") | ~Q(message_id=""), name="line_test_sent_has_proof"),
            models.CheckConstraint(
                condition=Q(state__in=["por_enviar", "enviando"], ended_at__isnull=True, open_for__isnull=False)
                | Q(state__in=["enviado", "fallido", "incierto"], ended_at__isnull=False, open_for__isnull=True),
                name="line_test_open_until_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.asked_at:%Y-%m-%d %H:%M}"
