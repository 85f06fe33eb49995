"""A change of hours or timers on its way through the clocks that were running."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.models import User
from leadmaster.calendars.models import OperatingCalendar
from opportunities.enums import RetimingKind
from opportunities.models.opportunity import Opportunity
from opportunities.models.promoter import Desk
from opportunities.models.stage import Stage


class Retiming(models.Model):
    """One change: what it was, since when it counts, and whether all clocks have followed it."""

    kind = models.CharField(_("qué"), max_length=16, choices=RetimingKind)
    calendar = models.ForeignKey(OperatingCalendar, models.CASCADE, null=True, blank=True, related_name="+")
    desk = models.ForeignKey(Desk, models.CASCADE, null=True, blank=True, related_name="+")
    stage = models.ForeignKey(Stage, models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("vale desde"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("quién"))
    reason = models.CharField(_("motivo"), max_length=300)
    # The hours or minutes before and after, as `opportunities.clocks.changes` reads them.
    change = models.JSONField(default=dict)
    # Whose clocks they are; another change of the same ones waits until these have followed.
    teams = models.JSONField(default=list)
    total = models.PositiveIntegerField(_("plazos"), default=0)
    alive_at = models.DateTimeField(_("última señal"))
    finished_at = models.DateTimeField(_("terminó"), null=True, blank=True)

    class Meta:
        verbose_name = _("cambio de plazos")
        verbose_name_plural = _("cambios de plazos")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=RetimingKind.values), name="retiming_kind_known")
        ]
        indexes = [
            # Reader: what has not finished, once a minute.
            models.Index(fields=["finished_at"], name="retiming_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.calendar or self.desk or self.stage}"


class RetimingLine(models.Model):
    """One clock that has not followed its change yet. Whoever locks the opportunity moves it, and the line is gone."""

    # Without a foreign key in the database: the lines are written while others hold their opportunities.
    opportunity = models.OneToOneField(Opportunity, models.CASCADE, related_name="+", db_constraint=False)
    retiming = models.ForeignKey(Retiming, models.CASCADE, related_name="lines", db_index=False)
    # As it was when the change was made. A row of another version has had its clock set since, by the new hours.
    version = models.PositiveIntegerField()
    deadline = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("plazo por mover")
        verbose_name_plural = _("plazos por mover")
        indexes = [
            # Reader: the next batch of a change, what expires first.
            models.Index(fields=["retiming", "deadline"], name="retiming_next"),
        ]

    def __str__(self) -> str:
        return f"{self.retiming_id}/{self.opportunity_id}"
