"""Numbers that get nothing from us, over the API. They are everybody's: there is no row that only some may see."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaigns.api.filters import SuppressionFilter
from campaigns.opt_ins import lift
from campaigns.opt_out_doubts import confirm, dismiss
from campaigns.suppressions import suppress
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.lib.phones.parsing import InvalidPhone, normalise
from leadmaster.ops.idempotent_posts import IdempotentPosts
from whatsapp.models import Region


class SuppressionSerializer(ModelSerializer[Suppression]):
    class Meta:
        model = Suppression
        fields = ("id", "phone", "source", "reason", "created_at", "created_by", "asked_back_at")


class NewSuppressionSerializer(Serializer[Any]):
    """`phone` as people of `region` write it, or international with the plus sign."""

    phone = serializers.CharField(max_length=40)
    region = serializers.ChoiceField(choices=Region.choices, default=Region.AR)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        phone = normalise(attrs["phone"], attrs["region"])
        if isinstance(phone, InvalidPhone):
            raise serializers.ValidationError({"phone": phone.sentence})
        return {**attrs, "phone": phone.e164}


class SuppressedSerializer(SuppressionSerializer):
    cancelled = serializers.IntegerField(help_text="Envíos pendientes de ese número que se cancelaron.")

    class Meta(SuppressionSerializer.Meta):
        fields = (*SuppressionSerializer.Meta.fields, "cancelled")  # type: ignore[assignment]


class LiftReasonSerializer(Serializer[Any]):
    reason = serializers.CharField(max_length=300, help_text="Por qué se le vuelve a escribir: queda en el historial.")


class SuppressionLiftSerializer(ModelSerializer[SuppressionLift]):
    class Meta:
        model = SuppressionLift
        fields = ("id", "phone", "source", "suppressed_reason", "suppressed_at", "lifted_by", "reason", "lifted_at")


class SuppressionViewSet(
    IdempotentPosts,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[Suppression],
):
    """Números excluidos: nada les llega, de ninguna campaña."""

    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    permission_classes = (RolePermission,)
    filterset_class = SuppressionFilter
    lookup_value_regex = "[0-9]{1,18}"
    # It cancels in transactions of its own; adding a number twice changes nothing.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        "list": "directory.view_suppression",
        "retrieve": "directory.view_suppression",
        "create": "directory.add_suppression",
        "destroy": "directory.delete_suppression",
        "lift": "directory.delete_suppression",
        "confirm": "directory.add_suppression",
        "dismiss": "directory.add_suppression",
    }

    @extend_schema(request=NewSuppressionSerializer, responses={201: SuppressedSerializer})
    def create(self, request: Request) -> Response:
        """Excluye un número y cancela lo que tenía pendiente. Si ya estaba, queda como estaba."""
        given = NewSuppressionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row, cancelled = suppress(
            given.validated_data["phone"],
            source=Suppression.Source.PERSON,
            reason=given.validated_data["reason"],
            by=current_user(request),
            now=timezone.now(),
        )
        return Response({**SuppressionSerializer(row).data, "cancelled": cancelled}, status=201)

    @extend_schema(request=LiftReasonSerializer, responses={200: SuppressionLiftSerializer})
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        """Levanta la exclusión, con quién y por qué."""
        return Response(SuppressionLiftSerializer(self._lift(request.data)).data)

    @extend_schema(request=None, responses={200: SuppressedSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """De una duda (`source` = `duda`): sí pidió la baja. Se cancela lo que tenía pendiente."""
        row: Suppression = self.get_object()
        cancelled = confirm(row, by=current_user(request), now=timezone.now())
        row.refresh_from_db()
        return Response({**SuppressionSerializer(row).data, "cancelled": cancelled})

    @extend_schema(request=None, responses={200: SuppressionLiftSerializer})
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """De una duda: no pidió la baja. Lo pendiente sale cuando le toque."""
        ended = dismiss(self.get_object(), by=current_user(request), now=timezone.now())
        return Response(SuppressionLiftSerializer(ended).data)

    @extend_schema(parameters=[LiftReasonSerializer])
    def destroy(self, request: Request, pk: str) -> Response:
        """Lo mismo que `lift`, con el motivo en la dirección: `?reason=…`. Sin motivo no se levanta."""
        self._lift(request.query_params)
        return Response(status=204)

    def _lift(self, asked: Any) -> SuppressionLift:
        row: Suppression = self.get_object()
        given = LiftReasonSerializer(data=asked)
        given.is_valid(raise_exception=True)
        return lift(row, by=current_user(self.request), reason=given.validated_data["reason"], now=timezone.now())
