"""When a campaign may send, and what was used of each day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import ScheduleState
from campaigns.models.campaign import Campaign
from campaigns.querysets import ScheduleQuerySet
from campaigns.windows import Rule
from leadmaster.accounts.models import User
from leadmaster.calendars.special_dates import SpecialDate
from whatsapp.models import WhatsAppSession

WEEKDAYS = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))


def check_weekdays(value: str) -> None:
    if not value or sorted(set(value)) != list(value) or not set(value) <= set("0123456"):
        raise ValidationError(_("Elige al menos un día de la semana."))


class Schedule(models.Model):
    """Weekdays, dates, windows and a daily cap, in the session's time zone. Only an approved one sends."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="schedules", verbose_name=_("campaña"))
    # Digits in order, Monday is 0.
    weekdays = models.CharField(_("días"), max_length=7, default="01234", validators=[check_weekdays])
    starts_on = models.DateField(_("desde"))
    ends_on = models.DateField(_("hasta"), null=True, blank=True)
    daily_cap = models.PositiveIntegerField(_("cupo diario"), default=180, validators=[MinValueValidator(1)])
    state = models.CharField(
        _("estado"), max_length=16, choices=ScheduleState, default=ScheduleState.PENDING, editable=False
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("decidió")
    )
    decided_at = models.DateTimeField(_("decidida"), null=True, blank=True, editable=False)
    # Hours are those of a zone: in another one nobody approved them.
    zone = models.CharField(_("aprobada para la zona"), max_length=64, blank=True, editable=False)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("programación")
        verbose_name_plural = _("programaciones")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ScheduleState.values), name="schedule_state_known"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="schedule_dates_in_order"
            ),
            models.CheckConstraint(condition=Q(daily_cap__gte=1), name="schedule_cap_positive"),
            models.CheckConstraint(
                condition=Q(state=ScheduleState.PENDING) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="schedule_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=ScheduleState.APPROVED) | ~Q(zone=""), name="schedule_approved_in_a_zone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days_in_words} · {self.daily_cap}"

    @property
    def days_in_words(self) -> str:
        if len(set(self.weekdays)) == len(WEEKDAYS):
            return str(_("todos los días"))
        return ", ".join(str(WEEKDAYS[int(digit)]) for digit in self.weekdays)

    def is_in_force(self, zone: str) -> bool:
        """Whether its hours were approved as this zone reads them: the line's may have changed since."""
        return self.state == ScheduleState.APPROVED and self.zone == zone

    def rule(self, holidays: Mapping[dt.date, SpecialDate] | None = None) -> Rule:
        """Its times as plain values, on other days than these. One query, unless the windows were fetched with it."""
        return Rule(
            weekdays=self.weekdays,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            windows=[(window.opens, window.closes) for window in self.windows.all()],
            holidays={date: special.hours for date, special in (holidays or {}).items()},
        )


class ScheduleWindow(models.Model):
    """From `opens` up to, not including, `closes`. Closing at 00:00 means the end of the day; one that closes before it
    opens goes on after midnight.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="windows", verbose_name=_("programación"))
    opens = models.TimeField(_("abre"))
    closes = models.TimeField(
        _("cierra"), help_text=_("00:00 es el final del día; antes de la apertura, sigue después de medianoche.")
    )

    class Meta:
        verbose_name = _("ventana")
        verbose_name_plural = _("ventanas")
        ordering = ["opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes=dt.time(0, 0)) | ~Q(closes=F("opens")),
                name="window_is_not_empty",
                violation_error_message=_("La ventana abre y cierra a la misma hora."),
            ),
            models.UniqueConstraint(fields=["schedule", "opens"], name="window_opens_once"),
        ]

    def __str__(self) -> str:
        if self.opens == self.closes == dt.time(0, 0):
            return str(_("a toda hora"))
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class SessionDay(models.Model):
    """What a session used of its limit on one day, counting what is in flight."""

    session = models.ForeignKey(WhatsAppSession, models.CASCADE, related_name="days", verbose_name=_("sesión"))
    day = models.DateField(_("día"))
    used = models.PositiveIntegerField(_("usados"), default=0)

    class Meta:
        verbose_name = _("uso diario de la sesión")
        verbose_name_plural = _("uso diario de las sesiones")
        constraints = [models.UniqueConstraint(fields=["session", "day"], name="session_day_once")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.day}: {self.used}"


class ScheduleDay(models.Model):
    """What a schedule used of its daily cap on one day, counting what is in flight."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="used_days", verbose_name=_("programación"))
    day = models.DateField(_("día"))
    used = models.PositiveIntegerField(_("usados"), default=0)

    class Meta:
        verbose_name = _("uso diario de la programación")
        verbose_name_plural = _("uso diario de las programaciones")
        constraints = [models.UniqueConstraint(fields=["schedule", "day"], name="schedule_day_once")]

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.day}: {self.used}"
