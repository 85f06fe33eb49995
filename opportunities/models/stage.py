"""The funnel: stages, and which may follow which."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from opportunities.enums import WORKING, ExitTo, StageType

# A year of operating time, by whatever door it comes.
MOST_TIMER_MINUTES = 525_600


class Stage(models.Model):
    """A step of the funnel. The timer counts minutes of operating hours, from entering the stage."""

    name = models.CharField(_("nombre"), max_length=80, unique=True)
    type = models.CharField(_("tipo"), max_length=16, choices=StageType)
    order = models.PositiveSmallIntegerField(_("orden"), default=0)
    timer_minutes = models.PositiveIntegerField(
        _("plazo (minutos hábiles)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_TIMER_MINUTES)],
        help_text=_("Vacío: sin plazo. Cuenta solo el horario de atención."),
    )
    # How long a date that the client asked for may hold the timer, from the first one in the stage on.
    hold_minutes = models.PositiveIntegerField(
        _("espera a pedido del cliente (minutos hábiles)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_TIMER_MINUTES)],
        help_text=_("Hasta cuánto puede esperar el plazo a una fecha que pidió el cliente. Vacío: no espera."),
    )
    colour = models.CharField(
        _("color"), max_length=7, default="#4f46e5", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")]
    )
    message_template = models.TextField(
        _("mensaje para WhatsApp"), blank=True, help_text=_("Lo que se escribe al tocar el botón de WhatsApp.")
    )
    # Names of data that whoever moves here has to give, as ["monto", "producto"].
    required_fields = models.JSONField(_("datos obligatorios"), default=list, blank=True)
    exit_to = models.CharField(_("la salida va"), max_length=16, choices=ExitTo, default=ExitTo.INBOX)
    cooldown_days = models.PositiveSmallIntegerField(
        _("días sin volver al mismo promotor"), default=7, help_text=_("Después de una salida o un vencimiento.")
    )
    active = models.BooleanField(_("en uso"), default=True)

    class Meta:
        verbose_name = _("etapa")
        verbose_name_plural = _("etapas")
        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(type__in=StageType.values), name="stage_type_known"),
            models.CheckConstraint(
                condition=Q(timer_minutes__isnull=True) | Q(timer_minutes__gt=0),
                name="stage_timer_positive",
                violation_error_message=_("El plazo tiene que ser de al menos un minuto, o quedar vacío."),
            ),
            models.CheckConstraint(
                condition=Q(hold_minutes__isnull=True) | Q(hold_minutes__gt=0),
                name="stage_hold_positive",
                violation_error_message=_("La espera tiene que ser de al menos un minuto, o quedar vacía."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.timer_minutes is not None and self.type not in WORKING:
            raise ValidationError({"timer_minutes": _("Solo las etapas de trabajo llevan plazo.")})
        if self.hold_minutes is not None and self.type not in WORKING:
            raise ValidationError({"hold_minutes": _("Solo las etapas de trabajo llevan plazo.")})


class StageRoute(models.Model):
    """`to_stage` may follow `from_stage`."""

    from_stage = models.ForeignKey(Stage, models.CASCADE, related_name="routes_out", verbose_name=_("desde"))
    to_stage = models.ForeignKey(Stage, models.CASCADE, related_name="routes_in", verbose_name=_("hacia"))
    needs_reason = models.BooleanField(_("pide motivo"), default=False)

    class Meta:
        verbose_name = _("paso permitido")
        verbose_name_plural = _("pasos permitidos")
        constraints = [
            models.UniqueConstraint(fields=["from_stage", "to_stage"], name="route_once"),
            models.CheckConstraint(condition=~Q(from_stage=models.F("to_stage")), name="route_goes_somewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
