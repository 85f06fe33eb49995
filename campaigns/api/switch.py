"""The kill switch over the API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from campaigns import switch
from campaigns.models import SenderSwitch
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts


class SwitchSerializer(Serializer[Any]):
    """`on` is what counts now: off in the environment wins. The rest tells of the last turn, if there was one."""

    on = serializers.BooleanField()
    on_in_environment = serializers.BooleanField()
    at = serializers.DateTimeField(allow_null=True)
    by = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    cap = serializers.IntegerField(
        allow_null=True,
        help_text="Tras un paro automático: mensajes por línea y día, hasta que se cumplan los criterios.",
    )


class TurnSerializer(Serializer[Any]):
    on = serializers.BooleanField()
    reason = serializers.CharField(max_length=300)


class SwitchViewSet(IdempotentPosts, ViewSet):
    """Interruptor de los envíos automáticos."""

    permission_classes = (RolePermission,)
    needs: ClassVar[dict[str, str]] = {
        "retrieve": "campaigns.view_senderswitch",
        "create": "campaigns.switch_sender",
    }

    @extend_schema(operation_id="sender_switch_retrieve", responses=SwitchSerializer)
    def retrieve(self, request: Request) -> Response:
        """Si los envíos automáticos están encendidos."""
        return Response(self._told())

    @extend_schema(operation_id="sender_switch_turn", request=TurnSerializer, responses={201: SwitchSerializer})
    def create(self, request: Request) -> Response:
        """Enciende o apaga; vale desde el próximo mensaje."""
        given = TurnSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        switch.turn(
            on=given.validated_data["on"],
            by=current_user(request),
            reason=given.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(self._told(), status=201)

    def _told(self) -> dict[str, Any]:
        last = SenderSwitch.objects.order_by("-id").first()
        return SwitchSerializer(
            {
                "on": switch.is_on(),
                "on_in_environment": settings.AUTO_CAMPAIGNS_ENABLED,
                "at": last.at if last else None,
                "by": last.by_id if last else None,
                "reason": last.reason if last else "",
                "cap": last.cap if last else None,
            }
        ).data
