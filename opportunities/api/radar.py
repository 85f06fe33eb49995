"""Figures to look at twice, over the API."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from leadmaster.accounts.api import RolePermission, person
from opportunities.api.scope import decided_teams
from opportunities.policy import SUPERVISE
from opportunities.radar import radar

_MOST_DAYS = 92


class RadarQuerySerializer(serializers.Serializer[Any]):
    """The last so many days."""

    days = serializers.IntegerField(min_value=1, max_value=_MOST_DAYS, default=7)


class RadarSerializer(serializers.Serializer[Any]):
    """One promoter over the period. `fast_share` of their exits came within ten minutes; between 0 and 1."""

    promoter = serializers.IntegerField(source="promoter_id")
    exits = serializers.IntegerField()
    fast_exits = serializers.IntegerField()
    fast_share = serializers.FloatField()
    expired = serializers.IntegerField()
    captured = serializers.IntegerField()


class RadarViewSet(ViewSet):
    """Radar: salidas demasiado rápidas, vencimientos y captaciones de cada promotor de tus equipos."""

    permission_classes = (RolePermission,)
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE}

    @extend_schema(parameters=[RadarQuerySerializer], responses=RadarSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Las cifras del período, las que más llaman la atención primero."""
        given = RadarQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        since = timezone.now() - dt.timedelta(days=given.validated_data["days"])
        return Response(RadarSerializer(radar(decided_teams(person(request)), since=since), many=True).data)
