"""Opening hours and holidays as people keep them. What they mean is `arithmetic`."""

from __future__ import annotations

import collections
import datetime as dt
import functools
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leadmaster.calendars.arithmetic import Calendar, Hours, Window
from leadmaster.calendars.querysets import OperatingCalendarQuerySet
from leadmaster.lib.db.compiled import CompiledRows, params
from leadmaster.lib.zones import zone_named

WEEKDAYS = (_("Lunes"), _("Martes"), _("Miércoles"), _("Jueves"), _("Viernes"), _("Sábado"), _("Domingo"))
_END_OF_DAY = dt.time(0, 0)


def check_time_zone(value: str) -> None:
    if zone_named(value) is None:
        raise ValidationError(
            _("“%(zone)s” no es una zona horaria: escribe una como America/Mexico_City."), params={"zone": value[:64]}
        )


class OperatingCalendar(models.Model):
    """The hours of a team, or the general ones of everybody whose team has none. Written by `saving`."""

    name = models.CharField(_("nombre"), max_length=80, unique=True)
    time_zone = models.CharField(_("zona horaria"), max_length=64, validators=[check_time_zone])
    team = models.OneToOneField(
        "accounts.Team",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="operating_calendar",
        verbose_name=_("equipo"),
    )
    # True or NULL, so that UNIQUE allows one general calendar and any number of others.
    is_general = models.BooleanField(_("general"), null=True, unique=True, default=None, editable=False)

    objects: ClassVar[OperatingCalendarQuerySet] = OperatingCalendarQuerySet.as_manager()  # type: ignore[assignment]  # Django makes a manager of it

    class Meta:
        verbose_name = _("calendario")
        verbose_name_plural = _("calendarios")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_general__isnull=True) | Q(is_general=True, team__isnull=True),
                name="calendar_general_is_nobodys",
                violation_error_message=_(
                    "Es el calendario general: antes de dárselo a un equipo, marca otro como general."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def as_value(self) -> Calendar:
        """What the arithmetic works with. Two queries."""
        return values_of([self])[self.pk]

    def week(self) -> tuple[Hours, ...]:
        """The saved hours of each weekday, Monday first. One query."""
        rows = self.windows.values_list("weekday", "opens", "closes")
        by_day: dict[int, list[Window]] = collections.defaultdict(list)
        for weekday, opens, closes in rows:
            by_day[weekday].append(Window(opens, closes))
        return _week(by_day)


class OpeningWindow(models.Model):
    """Open every week on this day from `opens` up to, not including, `closes`, which may be the next day's."""

    calendar = models.ForeignKey(
        OperatingCalendar, models.CASCADE, related_name="windows", verbose_name=_("calendario")
    )
    weekday = models.PositiveSmallIntegerField(_("día"), choices=list(enumerate(WEEKDAYS)))
    opens = models.TimeField(_("abre"))
    closes = models.TimeField(
        _("cierra"), help_text=_("00:00 es el final del día; antes de la apertura, sigue después de medianoche.")
    )

    class Meta:
        verbose_name = _("ventana")
        verbose_name_plural = _("ventanas")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="opening_on_a_weekday"),
            models.CheckConstraint(
                condition=Q(closes=_END_OF_DAY) | ~Q(closes=F("opens")), name="opening_is_not_empty"
            ),
            models.UniqueConstraint(fields=["calendar", "weekday", "opens"], name="opening_once"),
        ]

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {_window_text(self.opens, self.closes)}"


class Holiday(models.Model):
    """A date that has its own hours in one calendar. Without windows it is closed all day."""

    calendar = models.ForeignKey(
        OperatingCalendar, models.CASCADE, related_name="holidays", verbose_name=_("calendario")
    )
    date = models.DateField(_("fecha"))
    name = models.CharField(_("nombre"), max_length=120)

    class Meta:
        verbose_name = _("feriado")
        verbose_name_plural = _("feriados")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "date"],
                name="holiday_once",
                violation_error_message=_("Ese día ya es feriado en este calendario: cámbialo en lugar de repetirlo."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} · {self.name}"


class HolidayWindow(models.Model):
    """Special hours of one date."""

    holiday = models.ForeignKey(Holiday, models.CASCADE, related_name="windows", verbose_name=_("feriado"))
    opens = models.TimeField(_("abre"))
    closes = models.TimeField(
        _("cierra"), help_text=_("00:00 es el final del día; antes de la apertura, sigue después de medianoche.")
    )

    class Meta:
        verbose_name = _("horario especial")
        verbose_name_plural = _("horarios especiales")
        ordering = ["opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes=_END_OF_DAY) | ~Q(closes=F("opens")), name="special_opening_is_not_empty"
            ),
            models.UniqueConstraint(fields=["holiday", "opens"], name="special_opening_once"),
        ]

    def __str__(self) -> str:
        return _window_text(self.opens, self.closes)


def values_of(calendars: Iterable[OperatingCalendar]) -> dict[int, Calendar]:
    """The pure value of each, by id. Two queries, however many they are."""
    found = list(calendars)
    ids = [calendar.pk for calendar in found]
    weeks: dict[int, dict[int, list[Window]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for calendar_id, weekday, opens, closes in _windows(len(ids))(ids=ids) if ids else ():
        weeks[calendar_id][weekday].append(Window(opens, closes))

    holidays: dict[int, dict[dt.date, list[Window]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for calendar_id, date, opens, closes in _holidays(len(ids))(ids=ids) if ids else ():
        special = holidays[calendar_id][date]
        if opens is not None:
            special.append(Window(opens, closes))

    return {
        calendar.pk: Calendar(
            _week(weeks[calendar.pk]),
            calendar.tz,
            {date: Hours(tuple(special)) for date, special in holidays[calendar.pk].items()},
        )
        for calendar in found
    }


# Every clock that is set asks for them.
@functools.lru_cache(maxsize=64)
def _windows(count: int) -> CompiledRows:
    return CompiledRows(
        lambda: (
            OpeningWindow.objects.filter(calendar__id__in=params("ids", models.BigIntegerField(), count))
            .order_by("opens")
            .values_list("calendar_id", "weekday", "opens", "closes")
        )
    )


@functools.lru_cache(maxsize=64)
def _holidays(count: int) -> CompiledRows:
    return CompiledRows(
        lambda: (
            Holiday.objects.filter(calendar__id__in=params("ids", models.BigIntegerField(), count))
            .order_by("date", "windows__opens")
            .values_list("calendar_id", "date", "windows__opens", "windows__closes")
        )
    )


def _week(by_day: dict[int, list[Window]]) -> tuple[Hours, ...]:
    return tuple(Hours(tuple(sorted(by_day.get(weekday, ())))) for weekday in range(7))


def hours_text(windows: Sequence[tuple[dt.time, dt.time]]) -> str:
    """`09:00–13:00, 14:00–18:00`; the end of the day is written 24:00."""
    return ", ".join(_window_text(opens, closes) for opens, closes in windows)


def _window_text(opens: dt.time, closes: dt.time) -> str:
    until = "24:00" if closes == _END_OF_DAY else f"{closes:%H:%M}"
    return f"{opens:%H:%M}–{until}"
