"""Changes of hours and timers on their way through the open clocks, over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import Serializer
from opportunities.enums import RetimingKind
from opportunities.models import Retiming
from opportunities.policy import SUPERVISE
from opportunities.scope import team_ids_of
from opportunities.timers.recalculation import in_progress


class RecalculationSerializer(Serializer[Any]):
    """`waiting` of `total` clocks have still to follow; `stuck` when none has for some minutes.

    Nobody loses anything by a deadline that waits: whoever touches the opportunity moves it first.
    """

    id = serializers.IntegerField(source="retiming.pk")
    kind = serializers.ChoiceField(source="retiming.kind", choices=RetimingKind.choices)
    calendar = serializers.IntegerField(source="retiming.calendar_id", allow_null=True)
    desk = serializers.IntegerField(source="retiming.desk_id", allow_null=True)
    stage = serializers.IntegerField(source="retiming.stage_id", allow_null=True)
    at = serializers.DateTimeField(source="retiming.at")
    by = serializers.CharField(source="retiming.by")
    reason = serializers.CharField(source="retiming.reason")
    total = serializers.IntegerField(source="retiming.total")
    waiting = serializers.IntegerField()
    stuck = serializers.BooleanField()


class RetimingViewSet(DescribedRequests, GenericViewSet[Retiming]):
    """Cambios de horario y de plazos que todavía recorren las oportunidades abiertas de tus equipos."""

    queryset = Retiming.objects.none()
    permission_classes = (RolePermission,)
    pagination_class = None
    filter_backends = ()
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE}

    @extend_schema(responses=RecalculationSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Los que siguen en camino, el más viejo primero. Son pocos: de los mismos plazos hay uno por vez."""
        found = in_progress(lambda: team_ids_of(current_user(request)), now=timezone.now())
        return Response(RecalculationSerializer(found, many=True).data)
