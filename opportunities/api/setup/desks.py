"""Teams' desks over the API: their hours and their limits, read and changed by who decides about the team."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import Team
from leadmaster.accounts.permissions import RolePermission
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.lib.api.fields import VisibleField
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.setup.previews import HoursRehearsalSerializer
from opportunities.models import Desk
from opportunities.scope import team_ids_of
from opportunities.timers import agreement, calendar_editing, recalculation

_MOST = 100_000
_MOST_EXTENSIONS = 1_000


class CalendarField(VisibleField):
    """Hours that this person sees."""

    queryset = OperatingCalendar.objects.all()

    def get_queryset(self) -> QuerySet[OperatingCalendar]:
        return calendar_editing.seen_by(current_user(self.context["request"])).distinct()


class NewTeamField(VisibleField):
    """A team that has no desk yet."""

    queryset = Team.objects.filter(desk__isnull=True)


class DeskSerializer(ModelSerializer[Desk]):
    """The limits are each promoter's who has none of their own; a new quota counts from tomorrow on."""

    team_name = serializers.CharField(source="team.name", read_only=True)
    promoters = serializers.IntegerField(source="number", read_only=True, help_text="Cuántos trabajan en ella.")

    class Meta:
        model = Desk
        fields = (
            "id", "team", "team_name", "calendar", "only_in_hours", "daily_quota", "daily_captures", "capacity",
            "weekly_extensions", "promoters",
        )  # fmt: skip
        read_only_fields = fields


class DeskChangeSerializer(Serializer[Any]):
    """What is sent is changed. Another `calendar` that moves open deadlines goes with the `rehearsed` of its rehearsal."""

    calendar = CalendarField(required=False)
    only_in_hours = serializers.BooleanField(required=False)
    daily_quota = serializers.IntegerField(min_value=0, max_value=_MOST, required=False)
    daily_captures = serializers.IntegerField(min_value=0, max_value=_MOST, required=False)
    capacity = serializers.IntegerField(min_value=0, max_value=_MOST, required=False)
    weekly_extensions = serializers.IntegerField(min_value=0, max_value=_MOST_EXTENSIONS, required=False)
    rehearsed = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class NewDeskSerializer(DeskChangeSerializer):
    team = NewTeamField()
    calendar = CalendarField()
    rehearsed = None  # type: ignore[assignment]  # nothing runs by it yet


class OtherCalendarSerializer(Serializer[Any]):
    calendar = CalendarField()


class DeskViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Desk]):
    """Mesas: el horario y los límites de cada equipo."""

    queryset = Desk.objects.none()
    serializer_class = DeskSerializer
    permission_classes = (RolePermission,)
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve"), "opportunities.view_desk"),
        "create": "opportunities.add_desk",
        **dict.fromkeys(("partial_update", "rehearse"), "opportunities.change_desk"),
    }

    def get_queryset(self) -> QuerySet[Desk]:
        rows = Desk.objects.filter(team__in=team_ids_of(current_user(self.request))).select_related("team", "calendar")
        return rows.annotate(number=Count("promoters"))

    @extend_schema(request=NewDeskSerializer, responses={201: DeskSerializer})
    def create(self, request: Request) -> Response:
        """La mesa de un equipo que todavía no tiene."""
        given = NewDeskSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                desk = Desk.objects.create(**given.validated_data)
        except IntegrityError:
            # Somebody else did it in the same moment.
            raise serializers.ValidationError({"team": [_("Ese equipo ya tiene su mesa.")]}) from None
        return Response(self._told(desk), status=201)

    @extend_schema(request=DeskChangeSerializer, responses=DeskSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Lo que mandas; el resto queda igual. Con otro horario, los plazos abiertos siguen por él."""
        desk: Desk = self.get_object()
        form = DeskChangeSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        given = form.validated_data
        rehearsed = given.pop("rehearsed")
        now = timezone.now()
        calendar = given.get("calendar", desk.calendar)
        if calendar.pk != desk.calendar_id:
            agreement.require(
                _token(desk, calendar),
                agreed=rehearsed,
                touched=lambda: calendar_editing.rehearse_desk(desk, calendar=calendar, now=now).touches,
            )
        if given:
            recalculation.change_desk(
                desk, lambda: Desk.objects.filter(pk=desk.pk).update(**given), by=current_user(request), now=now
            )
        return Response(self._told(desk))

    @extend_schema(request=OtherCalendarSerializer, responses=HoursRehearsalSerializer)
    @action(detail=True, methods=["post"])
    def rehearse(self, request: Request, pk: str) -> Response:
        """Qué plazos se moverían, y cuánto, si el equipo trabajara por otro horario. No cambia nada."""
        desk: Desk = self.get_object()
        given = OtherCalendarSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        calendar: OperatingCalendar = given.validated_data["calendar"]
        found = calendar_editing.rehearse_desk(desk, calendar=calendar, now=timezone.now())
        told = HoursRehearsalSerializer(found, context={"preview_token": _token(desk, calendar)})
        return Response(told.data)

    def _told(self, desk: Desk) -> dict[str, Any]:
        return dict(self.get_serializer(self.get_queryset().get(pk=desk.pk)).data)


def _token(desk: Desk, calendar: OperatingCalendar) -> str:
    return agreement.of_desk(desk, old=desk.calendar.as_value(), new=calendar.as_value())
