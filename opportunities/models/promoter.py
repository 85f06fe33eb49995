"""What the desk knows of teams and promoters: hours, limits, absences."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import Team, User
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.lib.clock import business_day
from leadmaster.lib.days import ChargedDays
from opportunities.enums import AbsencePolicy


class Desk(models.Model):
    """A team's rules."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="desk", verbose_name=_("equipo"))
    calendar = models.ForeignKey(OperatingCalendar, models.PROTECT, related_name="desks", verbose_name=_("horario"))
    daily_quota = models.PositiveIntegerField(_("cupo diario por promotor"), default=20)
    daily_captures = models.PositiveIntegerField(_("captaciones diarias por promotor"), default=20)
    capacity = models.PositiveIntegerField(_("oportunidades activas por promotor"), default=200)
    weekly_extensions = models.PositiveSmallIntegerField(_("prórrogas semanales por promotor"), default=3)
    # After its zone changed: the day of the quotas that goes on until both zones have passed midnight.
    held_day = models.DateField(null=True, blank=True, editable=False)
    held_since = models.DateTimeField(null=True, blank=True, editable=False)
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    only_in_hours = models.BooleanField(_("asignar solo en horario de atención"), default=False)

    class Meta:
        verbose_name = _("mesa")
        verbose_name_plural = _("mesas")

    def __str__(self) -> str:
        return str(self.team)

    @property
    def charged_days(self) -> ChargedDays:
        return self.charged_days_in(self.calendar.tz)

    def charged_days_in(self, tz: zoneinfo.ZoneInfo) -> ChargedDays:
        """`charged_days` as they are where the calendar's zone is this one: it may be about to change."""
        return ChargedDays(tz=tz, held=self.held_day, since=self.held_since, until=self.held_until)

    def day_at(self, now: dt.datetime) -> dt.date:
        """The day whose quotas and captures count at `now`: a zone that changed begins none."""
        return self.charged_days.at(now)

    def date_at(self, now: dt.datetime) -> dt.date:
        """The date on the desk's own wall, for what was agreed by its date: absences. Not for what is counted by day."""
        return business_day(now, self.calendar.tz)


class Promoter(models.Model):
    """A promoter at a team's desk. Own numbers win over the team's; empty means the team's."""

    user = models.OneToOneField(User, models.CASCADE, related_name="promoter", verbose_name=_("persona"))
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="promoters", verbose_name=_("mesa"))
    daily_quota = models.PositiveIntegerField(_("cupo diario"), null=True, blank=True)
    daily_captures = models.PositiveIntegerField(_("captaciones diarias"), null=True, blank=True)
    capacity = models.PositiveIntegerField(_("oportunidades activas"), null=True, blank=True)
    available = models.BooleanField(_("recibe asignaciones"), default=True)

    class Meta:
        verbose_name = _("promotor")
        verbose_name_plural = _("promotores")

    def __str__(self) -> str:
        return str(self.user)

    @property
    def quota_of_a_day(self) -> int:
        return self.desk.daily_quota if self.daily_quota is None else self.daily_quota

    @property
    def captures_of_a_day(self) -> int:
        return self.desk.daily_captures if self.daily_captures is None else self.daily_captures

    @property
    def most_active(self) -> int:
        return self.desk.capacity if self.capacity is None else self.capacity


class Absence(models.Model):
    """Days off, both included. Nothing is assigned meanwhile."""

    promoter = models.ForeignKey(Promoter, models.CASCADE, related_name="absences", verbose_name=_("promotor"))
    starts_on = models.DateField(_("desde"))
    ends_on = models.DateField(_("hasta"))
    policy = models.CharField(_("su trabajo"), max_length=16, choices=AbsencePolicy, default=AbsencePolicy.PAUSE)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("cargada por"))
    created_at = models.DateTimeField(_("cargada"))
    # When their work was stopped or given away, and when their clocks went on.
    begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("ausencia")
        verbose_name_plural = _("ausencias")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(condition=Q(policy__in=AbsencePolicy.values), name="absence_policy_known"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_dates_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.promoter}: {self.starts_on:%d/%m/%Y}–{self.ends_on:%d/%m/%Y}"
