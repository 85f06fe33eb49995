"""The supervisors' two queues over the API: what waits for a decision, and what is nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.serializers import Serializer
from opportunities.api.filters import InboxFilter, PoolFilter
from opportunities.api.opportunities.list_base import Rows
from opportunities.api.opportunities.serializers import OpportunitySerializer
from opportunities.api.pages import LongestWaiting
from opportunities.assignment.filters import FACETS
from opportunities.models import Opportunity
from opportunities.policy import SUPERVISE
from opportunities.queries.latest_message import latest_messages
from opportunities.queries.pool_figures import figures
from opportunities.querysets import OpportunityQuerySet
from opportunities.scope import decided_by, team_ids_of


class LatestMessageSerializer(Serializer[Any]):
    """The last note, or the last message of a campaign that this person may see."""

    what = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class InboxRowSerializer(OpportunitySerializer):
    """`state_since` is when it left its owner, `exit_reason` why."""

    last = serializers.SerializerMethodField()

    class Meta(OpportunitySerializer.Meta):
        fields = (*OpportunitySerializer.Meta.fields, "last")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(LatestMessageSerializer(allow_null=True))
    def get_last(self, row: Opportunity) -> Any:
        words = self.context["last"].get(row.pk)
        return LatestMessageSerializer(words).data if words else None


class FacetQuerySerializer(Serializer[Any]):
    by = serializers.ChoiceField(choices=FACETS, default=FACETS[0])


class SizeSerializer(Serializer[Any]):
    """How many pooled opportunities have this value; empty is unknown."""

    value = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class AgeSerializer(Serializer[Any]):
    """How many have been there so long; at least so many when there are `more`."""

    name = serializers.CharField()
    count = serializers.IntegerField()
    more = serializers.BooleanField()


class PoolFiguresSerializer(Serializer[Any]):
    """`total` is exact up to ten thousand of each age; `more` says that it is the least there may be. `days` is how long
    the pool and the `free` clients last at the rate of `rate` a day, null while nobody draws. `values` are the most frequent of the oldest two
    thousand, and `returning` is how many of their cool-downs end soon; `cut` says that there are others.
    """

    total = serializers.IntegerField(source="runway.total")
    more = serializers.BooleanField(source="runway.more")
    free = serializers.IntegerField(source="runway.free.number")
    rate = serializers.IntegerField(source="runway.rate")
    days = serializers.FloatField(source="runway.days", allow_null=True)
    oldest = serializers.DateTimeField(allow_null=True)
    ages = AgeSerializer(many=True)
    values = SizeSerializer(many=True, source="rows")
    cut = serializers.BooleanField()
    returning = serializers.IntegerField(source="returning_total")


class InboxViewSet(mixins.ListModelMixin, Rows):
    """Bandeja: las salidas de tus equipos que esperan una decisión, la que más espera primero."""

    serializer_class = InboxRowSerializer
    pagination_class = LongestWaiting
    filterset_class = InboxFilter
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE}

    def get_queryset(self) -> OpportunityQuerySet:
        return decided_by(current_user(self.request)).inbox()

    def prepare(self, rows: Sequence[Opportunity]) -> dict[str, Any]:
        return {**super().prepare(rows), "last": latest_messages(rows, viewer=current_user(self.request))}


class PoolViewSet(mixins.ListModelMixin, Rows):
    """Pool: lo que no es de nadie en tus equipos, lo que más espera primero."""

    pagination_class = LongestWaiting
    filterset_class = PoolFilter
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE, "figures": SUPERVISE}

    def get_queryset(self) -> OpportunityQuerySet:
        return decided_by(current_user(self.request)).pool()

    @extend_schema(parameters=[FacetQuerySerializer], responses=PoolFiguresSerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def figures(self, request: Request) -> Response:
        """Cuánto hay, de qué y desde cuándo, y para cuántos días alcanza."""
        given = FacetQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        found = figures(team_ids_of(current_user(request)), given.validated_data["by"], now=timezone.now())
        return Response(PoolFiguresSerializer(found).data)
