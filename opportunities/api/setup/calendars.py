"""Hours and holidays over the API: read by who works by them, rehearsed and written by who keeps them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.calendars.arithmetic import CLOSED, Calendar
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.national import Country, import_holidays, missing_holidays
from leadmaster.calendars.serializers import CalendarSerializer, HoursChangeSerializer
from leadmaster.calendars.write import make_general, save_calendar
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.setup.calendar_serializers import (
    CalendarChangeSerializer,
    NationalHolidaySerializer,
    NationalImportSerializer,
    NationalSerializer,
    NewCalendarSerializer,
    changed_copy,
    told_by_field,
)
from opportunities.api.setup.previews import HoursRehearsalSerializer
from opportunities.timers import agreement, calendar_editing

VIEW = "opportunities.view_opportunity"
_CHANGE = "calendars.change_operatingcalendar"
_ADD_HOLIDAY = "calendars.add_holiday"


class CalendarViewSet(
    IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[OperatingCalendar]
):
    """Calendarios: el horario de atención, por el que corren los plazos."""

    queryset = OperatingCalendar.objects.none()
    serializer_class = CalendarSerializer
    permission_classes = (RolePermission,)
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": "calendars.add_operatingcalendar",
        **dict.fromkeys(("partial_update", "rehearse"), _CHANGE),
        **dict.fromkeys(("national_holidays", "add_national_holidays"), _ADD_HOLIDAY),
    }

    def get_queryset(self) -> QuerySet[OperatingCalendar]:
        return calendar_editing.seen_by(current_user(self.request)).prefetch_related("windows")

    def require_allowed(self, row: OperatingCalendar) -> None:
        if self.action != "retrieve":
            calendar_editing.require_keeper(current_user(self.request), row)

    @extend_schema(request=NewCalendarSerializer, responses={201: CalendarSerializer})
    def create(self, request: Request) -> Response:
        """Un calendario nuevo. Por él todavía no corre ningún plazo."""
        form = NewCalendarSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        given = form.validated_data
        calendar = OperatingCalendar(name=given["name"], time_zone=given["time_zone"], team=given.get("team"))
        try:
            _write(calendar, given)
        except ValidationError as error:
            raise told_by_field(error) from None
        return Response(self.get_serializer(calendar).data, status=201)

    @extend_schema(request=CalendarChangeSerializer, responses=CalendarSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Lo que mandas; el resto queda igual. Si mueve plazos abiertos, ensáyalo antes y manda su `rehearsed`."""
        calendar: OperatingCalendar = self.get_object()
        form = CalendarChangeSerializer(calendar, data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        given = form.validated_data
        copy, old = changed_copy(calendar, given), calendar.as_value()
        new = Calendar(given.get("week", old.week), copy.tz, old.holidays)
        save = functools.partial(_write, copy, {"week": old.week, **given})
        change_hours(request, calendar, save, new=new, rehearsed=given["rehearsed"])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=HoursChangeSerializer, responses=HoursRehearsalSerializer)
    @action(detail=True, methods=["post"])
    def rehearse(self, request: Request, pk: str) -> Response:
        """Qué plazos se moverían, y cuánto, con otro horario u otros feriados. No cambia nada."""
        calendar: OperatingCalendar = self.get_object()
        given = HoursChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        old = calendar.as_value()
        new = given.changed(old)
        told = HoursRehearsalSerializer(
            calendar_editing.rehearse(calendar, new=new, now=timezone.now()),
            context={"preview_token": agreement.of_hours(calendar, old=old, new=new)},
        )
        return Response(told.data)

    @extend_schema(parameters=[NationalSerializer], responses=NationalHolidaySerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="national-holidays", pagination_class=None)
    def national_holidays(self, request: Request, pk: str) -> Response:
        """Los feriados nacionales que le faltan al calendario. Un feriado no siempre es un día libre: míralos antes."""
        calendar: OperatingCalendar = self.get_object()
        self.require_allowed(calendar)
        asked = NationalSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        missing = missing_holidays(calendar, Country(asked.validated_data["country"]), [asked.validated_data["year"]])
        return Response(NationalHolidaySerializer(missing, many=True).data)

    @extend_schema(request=NationalImportSerializer, responses=NationalHolidaySerializer(many=True), filters=False)
    @national_holidays.mapping.post
    def add_national_holidays(self, request: Request, pk: str) -> Response:
        """Los agrega, cerrados todo el día, y responde cuáles fueron. Los que ya estaban no se tocan."""
        calendar: OperatingCalendar = self.get_object()
        asked = NationalImportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        country, years = Country(asked.validated_data["country"]), [asked.validated_data["year"]]
        missing = missing_holidays(calendar, country, years)
        old = calendar.as_value()
        new = dataclasses.replace(old, holidays={**old.holidays, **{one.date: CLOSED for one in missing}})
        save = functools.partial(import_holidays, calendar, country, years)
        change_hours(request, calendar, save, new=new, rehearsed=asked.validated_data["rehearsed"])
        return Response(NationalHolidaySerializer(missing, many=True).data)


def change_hours(
    request: Request, calendar: OperatingCalendar, save: Callable[[], object], *, new: Calendar, rehearsed: str
) -> None:
    """As the request asks and agreed to. What the models refuse is told by field."""
    try:
        calendar_editing.change(
            calendar, save, new=new, rehearsed=rehearsed, by=current_user(request), now=timezone.now()
        )
    except ValidationError as error:
        raise told_by_field(error) from None


@transaction.atomic
def _write(calendar: OperatingCalendar, given: dict[str, Any]) -> None:
    sent = None if calendar._state.adding else [name for name in ("name", "time_zone", "team") if name in given]
    save_calendar(calendar, week=given["week"], only=sent)
    if given.get("is_general") and not calendar.is_general:
        make_general(calendar)
