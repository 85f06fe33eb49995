"""Statistics of sends over the API: by day, line, promoter or campaign, as JSON or CSV."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaigns.models import Campaign
from campaigns.policy import Act
from campaigns.statistics import asking, table
from campaigns.statistics.sends import MOST_DAYS, USUAL_DAYS, By, Sends, sends
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import MOST_ID
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import Serializer


class StatsQuerySerializer(Serializer[Any]):
    """Whole days, both included, by the clock of the team (`time_zone` of the answer says which)."""

    since = serializers.DateField(required=False, help_text=f"Sin él, {USUAL_DAYS} días hasta el último.")
    until = serializers.DateField(required=False, help_text=f"Sin él, hoy. {MOST_DAYS} días como mucho.")
    by = serializers.ChoiceField(choices=[by.value for by in By], required=False, default=By.DAY.value)
    campaign = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    session = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    owner = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    team = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)


class FiguresSerializer(Serializer[Any]):
    """`sent` with the gateway's proof; whoever read it also received it. The rate is between 0 and 1."""

    sent = serializers.IntegerField()
    server = serializers.IntegerField()
    delivered = serializers.IntegerField()
    read = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a field, taken out of the class by its metaclass
    by_hand = serializers.IntegerField()
    historical = serializers.IntegerField()
    error_rate = serializers.FloatField()


class StatsRowSerializer(Serializer[Any]):
    """`id` is null for a day, whose name is its date."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    figures = FiguresSerializer()


@extend_schema_serializer(many=False)  # one answer, though it has rows
class StatsSerializer(Serializer[Any]):
    """Every day of the period, or whoever sent most first."""

    since = serializers.DateField(source="period.first")
    until = serializers.DateField(source="period.last")
    time_zone = serializers.CharField(source="period.zone")
    total = FiguresSerializer()
    rows = serializers.SerializerMethodField()

    @extend_schema_field(StatsRowSerializer(many=True))
    def get_rows(self, sent: Sends) -> Any:
        return StatsRowSerializer(sent.rows[self.context["by"]], many=True).data


class StatsViewSet(DescribedRequests, GenericViewSet[Campaign]):
    """Estadísticas: cuánto se envió, de tus campañas o de las de tus equipos."""

    queryset = Campaign.objects.none()
    permission_classes = (RolePermission,)
    pagination_class = None
    filter_backends = ()
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("list", "csv"), Act.VIEW)

    @extend_schema(parameters=[StatsQuerySerializer], responses=StatsSerializer)
    def list(self, request: Request) -> Response:
        """Los envíos de un período por día, línea, promotor o campaña, con su suma."""
        sent, by = self._sends(request)
        return Response(StatsSerializer(sent, context={"by": by}).data)

    @extend_schema(
        parameters=[StatsQuerySerializer],
        responses={(200, "text/csv"): OpenApiResponse(response=OpenApiTypes.STR, description="Una fila por cada uno.")},
    )
    @action(detail=False)
    def csv(self, request: Request) -> HttpResponse:
        """Lo mismo como archivo, para una planilla."""
        sent, by = self._sends(request)
        return table.answer(sent, by)

    def _sends(self, request: Request) -> tuple[Sends, By]:
        given = StatsQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        user = current_user(request)
        try:
            asked = asking.read(request.query_params, user=user, now=timezone.now())
        except asking.NotUnderstood as refusal:
            raise ValidationError({refusal.field: [str(refusal)]}) from refusal
        return sends(user, asked.period, asked.wanted), By(given.validated_data["by"])
