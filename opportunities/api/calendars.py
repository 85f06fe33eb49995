"""Hours and holidays over the API: read by who works by them, rehearsed by who keeps them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.api import RolePermission, person
from leadmaster.accounts.models import User
from leadmaster.calendars.api import CalendarSerializer, HolidaySerializer, HoursChangeSerializer
from leadmaster.calendars.arithmetic import Calendar, NeverOpens
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.rehearsal import Rehearsal
from leadmaster.lib.api_filters import IdFilter
from leadmaster.ops.api import IdempotentPosts
from opportunities import rehearsals
from opportunities.api.rehearsals import RehearsalSerializer
from opportunities.api.scope import decided_teams
from opportunities.errors import Incomplete, NotAllowed
from opportunities.models import Desk

_VIEW = "opportunities.view_opportunity"


class HolidayFilter(django_filters.FilterSet):
    calendar = IdFilter(field_name="calendar_id")
    since = filters.DateFilter(field_name="date", lookup_expr="gte")
    until = filters.DateFilter(field_name="date", lookup_expr="lte")

    class Meta:
        model = Holiday
        fields = ()


class CalendarViewSet(
    IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[OperatingCalendar]
):
    """Calendarios: el horario de atención, por el que corren los plazos."""

    queryset = OperatingCalendar.objects.none()
    serializer_class = CalendarSerializer
    permission_classes = (RolePermission,)
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        "list": _VIEW,
        "retrieve": _VIEW,
        "rehearse": "calendars.change_operatingcalendar",
    }

    def get_queryset(self) -> QuerySet[OperatingCalendar]:
        return _seen(person(self.request)).prefetch_related("windows")

    @extend_schema(request=HoursChangeSerializer, responses=RehearsalSerializer)
    @action(detail=True, methods=["post"])
    def rehearse(self, request: Request, pk: str) -> Response:
        """Qué plazos se moverían, y cuánto, con otro horario u otros feriados. No cambia nada."""
        calendar: OperatingCalendar = self.get_object()
        _require_alone(person(request), calendar)
        given = HoursChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        old = calendar.as_value()
        special = {day["date"]: day["windows"] for day in given.validated_data.get("holidays", ())}
        new = dataclasses.replace(
            old, week=given.validated_data.get("week", old.week), holidays={**old.holidays, **special}
        )
        return Response(RehearsalSerializer(_rehearse(calendar, new)).data)


class HolidayViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Holiday]):
    """Feriados: fechas con otro horario, o sin él."""

    queryset = Holiday.objects.none()
    serializer_class = HolidaySerializer
    permission_classes = (RolePermission,)
    filterset_class = HolidayFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": _VIEW, "retrieve": _VIEW}

    def get_queryset(self) -> QuerySet[Holiday]:
        calendars = _seen(person(self.request)).values("pk")
        return Holiday.objects.filter(calendar__in=calendars).prefetch_related("windows")


def _seen(user: User) -> QuerySet[OperatingCalendar]:
    """The general one, those of one's teams, and those by which one's desks work."""
    desks = Desk.objects.filter(Q(team__in=decided_teams(user)) | Q(promoters__user=user))
    known = OperatingCalendar.objects.visible_to(user)
    return OperatingCalendar.objects.filter(Q(pk__in=known.values("pk")) | Q(pk__in=desks.values("calendar")))


def _require_alone(user: User, calendar: OperatingCalendar) -> None:
    """Raise NotAllowed where other people's teams work by the same hours: their deadlines are not this person's to see."""
    others = Desk.objects.filter(calendar=calendar).exclude(team__in=decided_teams(user))
    if not user.is_administrator and (calendar.is_general or others.exists()):
        raise NotAllowed(_("Por este horario trabajan también otros equipos: pide el cambio a un administrador."))


def _rehearse(calendar: OperatingCalendar, new: Calendar) -> Rehearsal[int]:
    try:
        return rehearsals.rehearse_calendar(calendar, new=new, now=timezone.now())
    except NeverOpens:
        raise Incomplete(_("Con ese horario los plazos abiertos no terminarían nunca.")) from None
