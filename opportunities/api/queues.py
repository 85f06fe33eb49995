"""The supervisors' two queues over the API: what waits for a decision, and what is nobody's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Count, F, Min
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadmaster.accounts.api import person
from opportunities.api.filters import InboxFilter, QueueFilter
from opportunities.api.pages import LongestWaiting
from opportunities.api.rows import Rows, with_people
from opportunities.api.scope import decided_by
from opportunities.assignment.filters import FACETS
from opportunities.policy import SUPERVISE
from opportunities.querysets import OpportunityQuerySet

_MOST_SIZES = 200


class SizesQuerySerializer(serializers.Serializer[Any]):
    """By which facet; `filters` of the pool's list narrow it as well."""

    by = serializers.ChoiceField(choices=FACETS)


class SizeSerializer(serializers.Serializer[Any]):
    """How many pooled opportunities have this value (empty: unknown), and since when the oldest waits."""

    value = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    oldest = serializers.DateTimeField()


class InboxViewSet(mixins.ListModelMixin, Rows):
    """Bandeja: las salidas de tus equipos que esperan una decisión, la que más espera primero."""

    pagination_class = LongestWaiting
    filterset_class = InboxFilter
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE}

    def get_queryset(self) -> OpportunityQuerySet:
        return with_people(decided_by(person(self.request)).inbox())


class PoolViewSet(mixins.ListModelMixin, Rows):
    """Pool: lo que no es de nadie en tus equipos, lo que más espera primero."""

    pagination_class = LongestWaiting
    filterset_class = QueueFilter
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE, "sizes": SUPERVISE}

    def get_queryset(self) -> OpportunityQuerySet:
        return with_people(decided_by(person(self.request)).pool())

    @extend_schema(parameters=[SizesQuerySerializer], responses=SizeSerializer(many=True))
    @action(detail=False, pagination_class=None)
    def sizes(self, request: Request) -> Response:
        """Cuánto hay en el pool por valor de un filtro y desde cuándo espera lo más viejo; lo que más hay primero."""
        given = SizesQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        rows = self.filter_queryset(decided_by(person(request)).pool()).order_by()
        values = rows.values(value=F(f"client__{given.validated_data['by']}"))
        sizes = values.annotate(count=Count("id"), oldest=Min("state_since")).order_by("-count", "value")
        return Response(SizeSerializer(sizes[:_MOST_SIZES], many=True).data)
