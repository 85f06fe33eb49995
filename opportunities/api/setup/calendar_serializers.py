"""Calendars and holidays as they are sent to be written."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.settings import api_settings

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import Team
from leadmaster.calendars.models import OperatingCalendar, check_time_zone
from leadmaster.calendars.national import Country
from leadmaster.calendars.serializers import DayField, WeekField
from leadmaster.lib.api.fields import VisibleField
from leadmaster.lib.api.serializers import Serializer

_LONGEST_SEAL = 64


class TeamField(VisibleField):
    """A team that this person decides about."""

    queryset = Team.objects.all()

    def get_queryset(self) -> QuerySet[Team]:
        return current_user(self.context["request"]).decided_teams()


class RehearsedSerializer(Serializer[Any]):
    """`rehearsed` is what the rehearsal of this very change answered. A change that moves no open clock needs none."""

    rehearsed = serializers.CharField(max_length=_LONGEST_SEAL, required=False, allow_blank=True, default="")


class NewCalendarSerializer(Serializer[Any]):
    """`is_general` true makes it everybody's who has none of their own, in place of the one before."""

    name = serializers.CharField(max_length=80)
    time_zone = serializers.CharField(max_length=64, validators=[check_time_zone])
    team = TeamField(required=False, allow_null=True)
    is_general = serializers.BooleanField(required=False)
    week = WeekField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        team = attrs["team"] if "team" in attrs else getattr(self.instance, "team", None)
        was_general = bool(getattr(self.instance, "is_general", False))
        is_general = attrs.get("is_general", was_general)
        if was_general and not is_general:
            raise serializers.ValidationError(
                {"is_general": _("Otro ocupa su lugar: marca ese como general y este deja de serlo.")}
            )
        if is_general and team is not None:
            raise serializers.ValidationError({"team": _("El calendario general no es de ningún equipo.")})
        self._limit(attrs, team=team, becomes_general=is_general and not was_general)
        return attrs

    def _limit(self, attrs: dict[str, Any], *, team: Team | None, becomes_general: bool) -> None:
        """Administrators decide which calendar is the general one, and keep those that are no team's."""
        if current_user(self.context["request"]).is_administrator:
            return
        if becomes_general:
            raise serializers.ValidationError({"is_general": _("El calendario general lo decide un administrador.")})
        if team is None and (self.instance is None or "team" in attrs):
            raise serializers.ValidationError({"team": _("Elige un equipo que supervises.")})


class CalendarChangeSerializer(RehearsedSerializer, NewCalendarSerializer):
    """What is not given stays as it is."""

    name = serializers.CharField(max_length=80, required=False)
    time_zone = serializers.CharField(max_length=64, required=False, validators=[check_time_zone])
    week = WeekField(required=False)


class HolidayChangeSerializer(RehearsedSerializer):
    """What is not given stays as it is. Without `windows` the date is closed all day."""

    date = serializers.DateField(required=False)
    name = serializers.CharField(max_length=120, required=False)
    windows = DayField(required=False)


class NationalSerializer(Serializer[Any]):
    country = serializers.ChoiceField(choices=Country.choices)
    year = serializers.IntegerField(min_value=2000, max_value=2100)


class NationalImportSerializer(RehearsedSerializer, NationalSerializer):
    """The dates that are missing are added, closed all day. Those that are there are not touched."""


class NationalHolidaySerializer(Serializer[Any]):
    """`optional`: not a day off by law; the employer decides (Argentina's «días no laborables»)."""

    date = serializers.DateField()
    name = serializers.CharField()
    optional = serializers.BooleanField()


def changed_copy(calendar: OperatingCalendar, given: dict[str, Any]) -> OperatingCalendar:
    """The calendar with what was given, on a copy of its own: the saved one still says what was."""
    copy = OperatingCalendar.objects.get(pk=calendar.pk)
    for name in ("name", "time_zone", "team"):
        if name in given:
            setattr(copy, name, given[name])
    return copy


def told_by_field(error: ValidationError) -> serializers.ValidationError:
    """A refusal of the models as the API tells it."""
    if not hasattr(error, "error_dict"):
        return serializers.ValidationError(error.messages)
    told = error.message_dict
    whole = {api_settings.NON_FIELD_ERRORS_KEY: told.pop(NON_FIELD_ERRORS)} if NON_FIELD_ERRORS in told else {}
    return serializers.ValidationError({**told, **whole})
