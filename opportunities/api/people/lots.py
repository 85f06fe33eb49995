"""Asking for clients over the API, what each request granted, and what could be asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from opportunities.api.fields import KEY, key_of
from opportunities.api.filters import LotFilter
from opportunities.api.people.asking import AskedByPromoters
from opportunities.assignment import facets
from opportunities.assignment.facets import EXACT_UP_TO
from opportunities.assignment.filters import FACETS, Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import OpportunityState
from opportunities.models import Lot
from opportunities.policy import WORK, promoter_of
from opportunities.queries.lots import counts_of
from opportunities.queries.offer import available_for
from opportunities.results.lots import fate

_MOST_ASKED = 10_000
_LONGEST_FACET = 80


class FiltersSerializer(Serializer[Any]):
    """Exact values; empty means any. A city goes with its province."""

    province = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    city = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    agreement = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    client_type = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)


class LotRequestSerializer(Serializer[Any]):
    quantity = serializers.IntegerField(min_value=1, max_value=_MOST_ASKED)
    filters = FiltersSerializer(required=False)


class GrantedSerializer(Serializer[Any]):
    """`lot` is null when nothing was granted; `sentence` says why, or how much came."""

    lot = serializers.IntegerField(source="lot_id", allow_null=True)
    asked = serializers.IntegerField()
    granted = serializers.IntegerField()
    quota_left = serializers.IntegerField()
    sentence = serializers.CharField()


class LotCountsSerializer(Serializer[Any]):
    """Where its opportunities are now, one number per state."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {state.value: serializers.IntegerField() for state in OpportunityState}


class LotSerializer(ModelSerializer[Lot]):
    """What was asked, what was there, what was granted, and where it is now. `reassigned`: the day's lot of what others
    gave.
    """

    reassigned = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()

    class Meta:
        model = Lot
        fields = (
            "id", "promoter", "team", "day", "created_at", "asked", "granted", "from_pool", "filters",
            "available_seen", "seed", "reassigned", "counts",
        )  # fmt: skip

    def get_reassigned(self, lot: Lot) -> bool:
        return lot.reassigned_on is not None

    @extend_schema_field(LotCountsSerializer)
    def get_counts(self, lot: Lot) -> Any:
        known: dict[int, dict[str, int]] = self.context.get("counts") or counts_of([lot.pk])
        return LotCountsSerializer(known[lot.pk]).data


class OptionSerializer(Serializer[Any]):
    """`more`: there are more than were counted, and `label` ends with a plus sign."""

    value = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField(min_value=0, max_value=EXACT_UP_TO)
    more = serializers.BooleanField()
    label = serializers.CharField()  # type: ignore[assignment]  # the answer has a key of this name


class FacetsSerializer(Serializer[Any]):
    """The values that have something to give, with the other filters applied. Cities wait for a province."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: OptionSerializer(many=True) for name in FACETS}


class OptionsSerializer(Serializer[Any]):
    """`available` is how many a request with all of these filters could draw now."""

    available = OptionSerializer()
    facets = FacetsSerializer()


class FateSerializer(Serializer[Any]):
    """Each drawn one is in one of the places; `contacted` are those whom anybody tried to reach."""

    drawn = serializers.IntegerField()
    kept = serializers.IntegerField()
    others = serializers.IntegerField()
    pool = serializers.IntegerField()
    won = serializers.IntegerField()
    lost = serializers.IntegerField()
    contacted = serializers.IntegerField()


class LotViewSet(AskedByPromoters, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Lot]):
    """Lotes: lo que entregó cada pedido."""

    queryset = Lot.objects.none()
    serializer_class = LotSerializer
    permission_classes = (RolePermission,)
    filterset_class = LotFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        "list": "opportunities.view_lot",
        "retrieve": "opportunities.view_lot",
        "create": WORK,
        "available": WORK,
        "fate": "opportunities.view_lot",
    }

    _counts: dict[int, dict[str, int]]

    def get_queryset(self) -> QuerySet[Lot]:
        return Lot.objects.visible_to(self.request.user)

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """The page, with the counts of all of its lots in one query."""
        page: list[Lot] | None = super().paginate_queryset(queryset)
        self._counts = counts_of([lot.pk for lot in page or []])
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "counts": getattr(self, "_counts", {})}

    @extend_schema(
        request=LotRequestSerializer,
        parameters=[KEY],
        responses={200: GrantedSerializer, 201: GrantedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Pide clientes. 201 con el lote; 200 sin lote cuando no queda cupo o no hay nadie con esos filtros.

        Si se piden más de los que quedan, entrega los que hay y lo dice.
        """
        given = LotRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        granted = request_lot(
            promoter_of(current_user(request)),
            Filters.of(given.validated_data.get("filters", {})),
            given.validated_data["quantity"],
            key=key_of(request),
            now=timezone.now(),
        )
        return Response(GrantedSerializer(granted).data, status=200 if granted.lot_id is None else 201)

    @extend_schema(responses=FateSerializer)
    @action(detail=True, filter_backends=())
    def fate(self, request: Request, pk: str) -> Response:
        """Qué fue de los clientes que entregó, estén donde estén."""
        return Response(FateSerializer(fate(self.get_object())).data)

    @extend_schema(parameters=[FiltersSerializer], responses=OptionsSerializer, filters=False)
    @action(detail=False, pagination_class=None, url_path="options")
    def available(self, request: Request) -> Response:
        """Qué se puede pedir ahora: cada valor con cuántos daría, con los otros filtros aplicados. Hasta mil, exacto."""
        promoter, now = promoter_of(current_user(request)), timezone.now()
        given = FiltersSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        filters = Filters.of(given.validated_data)
        told = {
            "available": available_for(promoter, filters, now=now),
            "facets": {name: facets.options(promoter, filters, name, now=now) for name in FACETS},
        }
        return Response(OptionsSerializer(told).data)
