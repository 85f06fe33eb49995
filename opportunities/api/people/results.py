"""Results over the API: by promoter, team, campaign, filter of the lot or week, as JSON, CSV or XLSX."""

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

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import MOST_ID
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import Serializer
from opportunities.models import OpportunityEvent
from opportunities.policy import SUPERVISE
from opportunities.results import asking, table
from opportunities.results.figures import By, Figures
from opportunities.results.report import Report, report


class ResultsQuerySerializer(Serializer[Any]):
    """Whole days, both included, by the clock of the teams (`time_zone` of the answer says which)."""

    since = serializers.DateField(required=False, help_text=f"Sin él, {asking.USUAL_DAYS} días hasta el último.")
    until = serializers.DateField(required=False, help_text=f"Sin él, hoy. {asking.MOST_DAYS} días como mucho.")
    by = serializers.ChoiceField(choices=[by.value for by in By], required=False, default=By.PROMOTER.value)
    team = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    promoter = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    campaign = serializers.IntegerField(required=False, min_value=0, max_value=MOST_ID)
    asked = serializers.CharField(
        required=False, allow_blank=True, max_length=250, help_text="El filtro del lote, como lo dice `by=asked`."
    )


class AmountSerializer(Serializer[Any]):
    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)


class EnteredSerializer(Serializer[Any]):
    """How many opportunities entered the stage for the first time."""

    stage = serializers.IntegerField()
    entered = serializers.IntegerField()


class ContactCountSerializer(Serializer[Any]):
    channel = serializers.CharField()
    outcome = serializers.CharField()
    number = serializers.IntegerField()


class ResultFiguresSerializer(Serializer[Any]):
    """`conversion` is sales of each one taken. Minutes are operating ones; null while nobody answered anything."""

    sales = serializers.IntegerField()
    amounts = serializers.SerializerMethodField()
    corrected = serializers.IntegerField()
    annulled = serializers.IntegerField()
    taken = serializers.IntegerField()
    conversion = serializers.FloatField()
    stages = serializers.SerializerMethodField()
    contacts = serializers.SerializerMethodField()
    contacted = serializers.IntegerField()
    reached = serializers.IntegerField()
    untold = serializers.IntegerField()
    replies = serializers.IntegerField()
    answers = serializers.IntegerField()
    median_minutes = serializers.IntegerField(source="median", allow_null=True)
    p90_minutes = serializers.IntegerField(source="ninth_tenth", allow_null=True)
    opt_outs = serializers.IntegerField()
    sent = serializers.IntegerField()
    delivered = serializers.IntegerField()
    read = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a field, taken out of the class by its metaclass

    @extend_schema_field(AmountSerializer(many=True))
    def get_amounts(self, one: Figures) -> Any:
        given = [{"currency": name, "amount": amount} for name, amount in sorted(one.amounts.items())]
        return AmountSerializer(given, many=True).data

    @extend_schema_field(EnteredSerializer(many=True))
    def get_stages(self, one: Figures) -> Any:
        return [{"stage": stage, "entered": number} for stage, number in sorted(one.stages.items())]

    @extend_schema_field(ContactCountSerializer(many=True))
    def get_contacts(self, one: Figures) -> Any:
        return [
            {"channel": channel, "outcome": outcome, "number": number}
            for (channel, outcome), number in sorted(one.contacts.items())
        ]


class ResultRowSerializer(Serializer[Any]):
    """`id` is what the filter of its kind takes; null for nobody's, and for a week, whose name is its Monday."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    figures = ResultFiguresSerializer()


@extend_schema_serializer(many=False)  # one answer, though it has rows
class ResultsSerializer(Serializer[Any]):
    """`before` is as many days, just before."""

    since = serializers.DateField(source="asked.period.first")
    until = serializers.DateField(source="asked.period.last")
    time_zone = serializers.CharField(source="asked.period.zone")
    total = ResultFiguresSerializer()
    before = ResultFiguresSerializer()
    rows = ResultRowSerializer(many=True)


class ResultsViewSet(DescribedRequests, GenericViewSet[OpportunityEvent]):
    """Resultados: ventas, conversión, contactos, respuestas y envíos de tus equipos."""

    queryset = OpportunityEvent.objects.none()
    permission_classes = (RolePermission,)
    pagination_class = None
    filter_backends = ()
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("list", "csv", "xlsx"), SUPERVISE)

    @extend_schema(parameters=[ResultsQuerySerializer], responses=ResultsSerializer)
    def list(self, request: Request) -> Response:
        """Los resultados de un período, los del anterior y los de cada grupo."""
        return Response(ResultsSerializer(self._report(request)).data)

    @extend_schema(
        parameters=[ResultsQuerySerializer],
        responses={(200, "text/csv"): OpenApiResponse(response=OpenApiTypes.STR, description="Una fila por grupo.")},
    )
    @action(detail=False)
    def csv(self, request: Request) -> HttpResponse:
        """Lo mismo como archivo de texto, para una planilla."""
        return table.as_csv(self._report(request))

    @extend_schema(
        parameters=[ResultsQuerySerializer],
        responses={
            (200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"): OpenApiResponse(
                response=OpenApiTypes.BINARY, description="Una fila por grupo."
            )
        },
    )
    @action(detail=False)
    def xlsx(self, request: Request) -> HttpResponse:
        """Lo mismo como libro de Excel."""
        return table.as_xlsx(self._report(request))

    def _report(self, request: Request) -> Report:
        given = ResultsQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        try:
            asked = asking.read(request.query_params.dict(), user=current_user(request), now=timezone.now())
        except asking.NotUnderstood as refusal:
            raise ValidationError({refusal.field: [str(refusal)]}) from refusal
        return report(asked)
