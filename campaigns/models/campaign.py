"""A campaign and the history of its states."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import CampaignState
from campaigns.querysets import CampaignQuerySet
from leadmaster.accounts.models import Team, User
from leadmaster.lib.fields import IdentifierField
from whatsapp.models import WhatsAppSession

# Seconds, and messages.
LONGEST_PAUSE = 86_400
MOST_IN_A_BURST = 10_000


class Campaign(models.Model):
    """`state` is written by `campaigns.lifecycle` alone. Seconds everywhere in the pacing."""

    name = models.CharField(_("nombre"), max_length=160)
    owner = models.ForeignKey(User, models.PROTECT, related_name="campaigns", verbose_name=_("responsable"))
    team = models.ForeignKey(Team, models.PROTECT, related_name="campaigns", verbose_name=_("equipo"))
    session = models.ForeignKey(
        WhatsAppSession, models.PROTECT, related_name="campaigns", verbose_name=_("sesión de WhatsApp")
    )
    template = models.TextField(
        _("mensaje"), help_text=_("Puedes usar {nombre}, {nombre_destino} y las columnas de tu archivo.")
    )
    # What the official API needs to write first: see `campaigns.official_template`.
    official_name = IdentifierField(
        _("plantilla aprobada"),
        max_length=512,
        blank=True,
        default="",
        help_text=_("Solo para líneas de la API oficial: el nombre con que Meta la aprobó."),
    )
    official_language = models.CharField(
        _("idioma de la plantilla"),
        max_length=10,
        blank=True,
        default="",
        help_text=_("Como en Meta: es_AR, es_MX, pt_BR…"),
    )
    official_parameters = models.TextField(
        _("datos de la plantilla"),
        blank=True,
        default="",
        help_text=_("Uno por línea, en el orden de {{1}}, {{2}}…: un texto o una columna, como {nombre}."),
    )
    # Names that the imported files brought, as the template writes them.
    columns = models.JSONField(_("columnas"), default=list, blank=True, editable=False)
    state = models.CharField(
        _("estado"), max_length=16, choices=CampaignState, default=CampaignState.DRAFT, editable=False
    )

    # From the approval on `campaigns.pacing` changes these four.
    delay_min = models.PositiveIntegerField(
        _("pausa mínima entre mensajes (s)"), default=30, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    delay_max = models.PositiveIntegerField(
        _("pausa máxima entre mensajes (s)"), default=90, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    burst_size = models.PositiveIntegerField(
        _("mensajes por ráfaga"),
        default=0,
        validators=[MaxValueValidator(MOST_IN_A_BURST)],
        help_text=_("0: sin ráfagas. Después de tantos mensajes, una pausa larga."),
    )
    burst_pause = models.PositiveIntegerField(
        _("pausa entre ráfagas (s)"), default=600, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    typing = models.BooleanField(_("mostrar “escribiendo…”"), default=True)
    max_attempts = models.PositiveSmallIntegerField(
        _("intentos por mensaje"), default=5, validators=[MaxValueValidator(20)]
    )

    # Hours. Empty: the setting of the whole installation.
    person_rest = models.PositiveSmallIntegerField(
        _("descanso entre campañas (h)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(720)],
        help_text=_(
            "No le escribe a quien otra campaña le escribió hace menos horas. Vacío: lo normal; 0: sin descanso."
        ),
    )
    # Of a hundred tries. Empty: the setting of the whole installation; 0: never.
    error_alert = models.PositiveSmallIntegerField(
        _("avisar con errores (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("Avisa cuando falla esta parte de los últimos intentos. Vacío: lo normal; 0: nunca."),
    )
    error_pause = models.PositiveSmallIntegerField(
        _("frenar con errores (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("Se pausa sola cuando falla esta parte de los últimos intentos. Vacío: lo normal; 0: nunca."),
    )
    opt_out_pause = models.PositiveSmallIntegerField(
        _("frenar con bajas (%)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "Se pausa sola cuando esta parte de quienes la recibieron últimamente pide la baja. Vacío: lo normal; 0: nunca."
        ),
    )
    canary_size = models.PositiveSmallIntegerField(
        _("primeros mensajes de prueba"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("El resto espera a que estos lleguen al servidor de WhatsApp. Vacío: lo normal; 0: sin prueba."),
    )
    # Empty: the setting of the whole installation; 0: never.
    seller_capacity = models.PositiveSmallIntegerField(
        _("sin contestar por persona"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(1000)],
        help_text=_(
            "Espera mientras quienes atienden sus respuestas tengan más conversaciones sin contestar. Vacío: lo normal; "
            "0: no espera."
        ),
    )
    keeps_off_holidays = models.BooleanField(
        _("no enviar en feriados"),
        default=True,
        help_text=_("Los del calendario del equipo. En los que tienen horario especial, envía solo dentro de él."),
    )

    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    submitted_at = models.DateTimeField(_("enviada a aprobar"), null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(_("aprobada"), null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("aprobada por")
    )
    launched_at = models.DateTimeField(_("lanzada"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("terminada"), null=True, blank=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaña")
        verbose_name_plural = _("campañas")
        ordering = ["-id"]
        permissions = [
            ("approve_campaign", "Can approve or reject campaigns and schedules"),
            ("operate_campaign", "Can submit, launch, pause, resume and cancel campaigns"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CampaignState.values), name="campaign_state_known"),
            models.CheckConstraint(condition=Q(delay_min__lte=F("delay_max")), name="campaign_delay_range"),
            models.CheckConstraint(condition=Q(max_attempts__gte=1), name="campaign_tries_once"),
            models.CheckConstraint(
                condition=~Q(state__in=[CampaignState.APPROVED, CampaignState.RUNNING, CampaignState.FINISHED])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="campaign_runs_only_approved",
            ),
        ]
        # Reader: the plan of every tick and the lists by state.
        indexes = [models.Index(fields=["state", "session"], name="campaign_by_state")]

    def __str__(self) -> str:
        return self.name


class CampaignEvent(models.Model):
    """One change of a campaign: who, when, why, and from which state to which, or what else of it. Append-only."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="events", verbose_name=_("campaña"))
    at = models.DateTimeField(_("cuándo"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quién")
    )
    from_state = models.CharField(_("de"), max_length=16, choices=CampaignState)
    to_state = models.CharField(_("a"), max_length=16, choices=CampaignState)
    # What changed while the state stayed: from what to what.
    change = models.CharField(_("cambio"), max_length=200, blank=True)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("cambio de campaña")
        verbose_name_plural = _("historial de campañas")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
