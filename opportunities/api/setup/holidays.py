"""Holidays over the API: a date with hours of its own, read by who works by them, written by who keeps the calendar."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.calendars.arithmetic import CLOSED, Calendar, Hours
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.serializers import DayField, HolidaySerializer
from leadmaster.calendars.write import save_holiday
from leadmaster.lib.api.fields import VisibleField
from leadmaster.lib.api.filters import IdFilter
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.setup.calendar_serializers import HolidayChangeSerializer
from opportunities.api.setup.calendars import VIEW, change_hours
from opportunities.timers import calendar_editing

_REHEARSED = OpenApiParameter("rehearsed", str, description="Lo que respondió el ensayo, si mueve plazos abiertos.")


class HolidayFilter(django_filters.FilterSet):
    calendar = IdFilter(field_name="calendar_id")
    since = filters.DateFilter(field_name="date", lookup_expr="gte")
    until = filters.DateFilter(field_name="date", lookup_expr="lte")

    class Meta:
        model = Holiday
        fields = ()


class CalendarField(VisibleField):
    """A calendar that this person sees."""

    queryset = OperatingCalendar.objects.all()

    def get_queryset(self) -> QuerySet[OperatingCalendar]:
        return calendar_editing.seen_by(current_user(self.context["request"]))


class NewHolidaySerializer(HolidayChangeSerializer):
    """Without `windows` the date is closed all day."""

    calendar = CalendarField()
    date = serializers.DateField()
    name = serializers.CharField(max_length=120)
    windows = DayField(required=False)


class HolidayViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Holiday]):
    """Feriados: fechas con otro horario, o sin él. Lo que mueve plazos abiertos se ensaya antes en su calendario."""

    queryset = Holiday.objects.none()
    serializer_class = HolidaySerializer
    permission_classes = (RolePermission,)
    filterset_class = HolidayFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    # A change of hours has a transaction of its own.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": "calendars.add_holiday",
        "partial_update": "calendars.change_holiday",
        "destroy": "calendars.delete_holiday",
    }

    def get_queryset(self) -> QuerySet[Holiday]:
        calendars = calendar_editing.seen_by(current_user(self.request)).values("pk")
        return Holiday.objects.filter(calendar__in=calendars).select_related("calendar").prefetch_related("windows")

    def require_allowed(self, row: Holiday) -> None:
        if self.action != "retrieve":
            calendar_editing.require_keeper(current_user(self.request), row.calendar)

    @extend_schema(request=NewHolidaySerializer, responses={201: HolidaySerializer})
    def create(self, request: Request) -> Response:
        """Una fecha cerrada, o con su propio horario."""
        form = NewHolidaySerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        given = form.validated_data
        holiday = Holiday(calendar=given["calendar"], date=given["date"], name=given["name"])
        hours = given.get("windows", CLOSED)
        written = self._save(holiday, hours, former=None, rehearsed=given["rehearsed"])
        return Response(self.get_serializer(written).data, status=201)

    @extend_schema(request=HolidayChangeSerializer, responses=HolidaySerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Lo que mandas; el resto queda igual. De otro calendario es otro feriado: bórralo aquí y créalo allá."""
        holiday: Holiday = self.get_object()
        form = HolidayChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        hours = given.get("windows", Hours.of(*[(window.opens, window.closes) for window in holiday.windows.all()]))
        former = holiday.date
        for name in ("date", "name"):
            setattr(holiday, name, given.get(name, getattr(holiday, name)))
        sent = [name for name in ("date", "name") if name in given]
        written = self._save(holiday, hours, former=former, rehearsed=given["rehearsed"], only=sent)
        return Response(self.get_serializer(written).data)

    @extend_schema(parameters=[_REHEARSED])
    def destroy(self, request: Request, pk: str) -> Response:
        """La fecha vuelve a tener el horario de su día de la semana."""
        holiday: Holiday = self.get_object()
        gone = Holiday.objects.filter(pk=holiday.pk)
        new = _with(holiday.calendar.as_value(), without=holiday.date)
        rehearsed = request.query_params.get("rehearsed", "")
        change_hours(request, holiday.calendar, gone.delete, new=new, rehearsed=rehearsed)
        return Response(status=204)

    def _save(
        self,
        holiday: Holiday,
        hours: Hours,
        *,
        former: dt.date | None,
        rehearsed: str,
        only: Collection[str] | None = None,
    ) -> Holiday:
        new = _with(holiday.calendar.as_value(), without=former, dates={holiday.date: hours})
        written: list[Holiday] = []

        def save() -> None:
            # A copy each time: a transaction that is tried again starts from what was asked.
            written[:] = [copy.copy(holiday)]
            save_holiday(written[0], hours=hours, only=only)

        change_hours(self.request, holiday.calendar, save, new=new, rehearsed=rehearsed)
        return Holiday.objects.prefetch_related("windows").get(pk=written[0].pk)


def _with(old: Calendar, *, without: dt.date | None = None, dates: dict[dt.date, Hours] | None = None) -> Calendar:
    kept: dict[dt.date, Any] = {date: hours for date, hours in old.holidays.items() if date != without}
    return dataclasses.replace(old, holidays={**kept, **(dates or {})})
