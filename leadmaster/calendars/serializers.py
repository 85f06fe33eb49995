"""How calendars and holidays read and are written over the API. Their addresses are the desk's: changes move its clocks."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from leadmaster.calendars.arithmetic import Calendar, Hours, InvalidHours
from leadmaster.calendars.errors import Refused
from leadmaster.calendars.models import Holiday, OperatingCalendar, check_time_zone
from leadmaster.calendars.write import check_week
from leadmaster.lib.api.fields import WallTimeField
from leadmaster.lib.api.serializers import ModelSerializer, Serializer

_DAYS = 7
_MOST_WINDOWS = 24


class HoursSerializer(Serializer[Any]):
    """From `opens` up to, not including, `closes`; closing at 00:00 is the end of the day, and one that closes before it
    opens goes on after midnight: `22:00`–`06:00`.
    """

    opens = WallTimeField()
    closes = WallTimeField(help_text="00:00 es el final del día; antes de `opens`, sigue después de medianoche.")


class DayField(serializers.ListField):
    """The windows of one day, as `Hours`. None at all: closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=HoursSerializer(), max_length=_MOST_WINDOWS, **options)

    def run_validation(self, data: Any = empty) -> Any:
        windows = super().run_validation(data)
        try:
            return Hours.of(*[(window["opens"], window["closes"]) for window in windows])
        except InvalidHours:
            raise serializers.ValidationError(
                _("Hay ventanas que se pisan, o que abren y cierran a la misma hora.")
            ) from None

    def to_representation(self, data: Any) -> list[Any]:
        return super().to_representation([{"opens": opens, "closes": closes} for opens, closes in data.windows])


class WeekField(serializers.ListField):
    """Seven days, Monday first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=DayField(), min_length=_DAYS, max_length=_DAYS, **options)

    def to_internal_value(self, data: Any) -> Any:
        week = tuple(super().to_internal_value(data))
        try:
            check_week(week)
        except Refused as refusal:
            raise serializers.ValidationError(str(refusal)) from None
        return week


class CalendarSerializer(ModelSerializer[OperatingCalendar]):
    """Hours are wall clock times of `time_zone`."""

    is_general = serializers.SerializerMethodField(help_text="Vale para todo equipo que no tenga el suyo.")
    week = serializers.SerializerMethodField(help_text="Siete días, el lunes primero; sin ventanas, cerrado.")

    class Meta:
        model = OperatingCalendar
        fields = ("id", "name", "time_zone", "team", "is_general", "week")

    def get_is_general(self, calendar: OperatingCalendar) -> bool:
        return bool(calendar.is_general)

    @extend_schema_field(WeekField())
    def get_week(self, calendar: OperatingCalendar) -> Any:
        """From the windows that were fetched with the page."""
        days: list[list[tuple[dt.time, dt.time]]] = [[] for _day in range(_DAYS)]
        for window in calendar.windows.all():
            days[window.weekday].append((window.opens, window.closes))
        return WeekField().to_representation([Hours.of(*day) for day in days])


class HolidaySerializer(ModelSerializer[Holiday]):
    """A date with hours of its own. Without windows it is closed all day."""

    windows = serializers.SerializerMethodField()

    class Meta:
        model = Holiday
        fields = ("id", "calendar", "date", "name", "windows")

    @extend_schema_field(DayField())
    def get_windows(self, holiday: Holiday) -> Any:
        hours = Hours.of(*[(window.opens, window.closes) for window in holiday.windows.all()])
        return DayField().to_representation(hours)


class SpecialDaySerializer(Serializer[Any]):
    """A date as it would be: without windows, closed all day."""

    date = serializers.DateField()
    windows = DayField()


class HoursChangeSerializer(Serializer[Any]):
    """What is not given stays as it is. `holidays` are dates that are added, or that come to have other hours; `without`
    are dates that stop being holidays.
    """

    time_zone = serializers.CharField(max_length=64, required=False, validators=[check_time_zone])
    week = WeekField(required=False)
    holidays = SpecialDaySerializer(many=True, required=False, max_length=100)  # type: ignore[call-arg]  # the list's own
    without = serializers.ListField(child=serializers.DateField(), required=False, max_length=100)

    def changed(self, old: Calendar) -> Calendar:
        """These hours with what was given, once it is valid."""
        given = self.validated_data
        gone = set(given.get("without", ()))
        kept = {date: hours for date, hours in old.holidays.items() if date not in gone}
        return Calendar(
            given.get("week", old.week),
            zoneinfo.ZoneInfo(given["time_zone"]) if "time_zone" in given else old.tz,
            {**kept, **{day["date"]: day["windows"] for day in given.get("holidays", ())}},
        )
