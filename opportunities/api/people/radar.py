"""Figures to look at twice, over the API, and what is behind each."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import MOST_ID
from leadmaster.lib.api.pagination import NewestFirst
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import Serializer
from opportunities.api.opportunities.serializers import EventSerializer
from opportunities.api.pages import Subpages
from opportunities.models import OpportunityEvent
from opportunities.policy import SUPERVISE
from opportunities.queries.radar import Figure, behind, radar
from opportunities.scope import team_ids_of

_MOST_DAYS = 92


class RadarQuerySerializer(Serializer[Any]):
    """The last so many days."""

    days = serializers.IntegerField(min_value=1, max_value=_MOST_DAYS, default=7)


class RadarLinesQuerySerializer(RadarQuerySerializer):
    promoter = serializers.IntegerField(min_value=1, max_value=MOST_ID)
    figure = serializers.ChoiceField(choices=Figure.choices)


class RadarSerializer(Serializer[Any]):
    """One promoter over the period. Fast exits came within ten minutes, late ones in the last hour before the quota
    renews, known captures are of people who were in the directory; the shares are between 0 and 1.
    """

    promoter = serializers.IntegerField(source="promoter_id")
    exits = serializers.IntegerField()
    fast_exits = serializers.IntegerField()
    fast_share = serializers.FloatField()
    late_exits = serializers.IntegerField()
    late_share = serializers.FloatField()
    expired = serializers.IntegerField()
    captured = serializers.IntegerField()
    known_captures = serializers.IntegerField()
    known_share = serializers.FloatField()


class RadarViewSet(DescribedRequests, Subpages, GenericViewSet[OpportunityEvent]):
    """Radar: lo que llama la atención en las salidas, los vencimientos y las captaciones de tus equipos."""

    queryset = OpportunityEvent.objects.none()
    permission_classes = (RolePermission,)
    pagination_class = None
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE, "lines": SUPERVISE}

    @extend_schema(parameters=[RadarQuerySerializer], responses=RadarSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Las cifras de cada promotor, las que más llaman la atención primero."""
        given = self._given(RadarQuerySerializer)
        found = radar(team_ids_of(current_user(request)), since=_since(given["days"]))
        return Response(RadarSerializer(found, many=True).data)

    @extend_schema(parameters=[RadarLinesQuerySerializer], responses=EventSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=NewestFirst)
    def lines(self, request: Request) -> Response:
        """Las líneas de la historia que hay detrás de una cifra."""
        given = self._given(RadarLinesQuerySerializer)
        rows = behind(
            Figure(given["figure"]),
            given["promoter"],
            team_ids_of(current_user(request)),
            since=_since(given["days"]),
        )
        return self.page_of(rows.select_related("by"), EventSerializer)

    def _given(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        given = form(data=self.request.query_params)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


def _since(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)
