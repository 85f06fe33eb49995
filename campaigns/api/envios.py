"""Envíos over the API: read-only, but for what only a person can decide."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaigns import decisions
from campaigns.api.campaign_serializers import WhyNotSerializer
from campaigns.api.filters import EnvioFilter
from campaigns.decisions import Decision, require_decision
from campaigns.engine.why_not import why_not_this
from campaigns.enums import Ack
from campaigns.models import Attempt, Envio, EnvioEvent
from campaigns.policy import Act
from campaigns.serializers import EnvioSerializer
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import RequiredReasonSerializer
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts


class AttemptSerializer(ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = (
            "id", "claimed_at", "dispatched_at", "finished_at", "outcome", "counted", "host", "http_status", "code",
            "detail", "duration_ms", "message_id",
        )  # fmt: skip


class EnvioEventSerializer(ModelSerializer[EnvioEvent]):
    class Meta:
        model = EnvioEvent
        fields = ("id", "at", "by", "evidence", "from_state", "to_state", "reason")


class EnvioDetailSerializer(EnvioSerializer):
    attempt_log = AttemptSerializer(many=True, read_only=True)
    events = EnvioEventSerializer(many=True, read_only=True)

    class Meta(EnvioSerializer.Meta):
        fields = (*EnvioSerializer.Meta.fields, "attempt_log", "events")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class ReceiptSerializer(Serializer[Any]):
    """One step of the acknowledgement scale and when the gateway told of it."""

    ack = serializers.ChoiceField(choices=Ack.choices)
    at = serializers.DateTimeField()


class DecisionSerializer(RequiredReasonSerializer):
    """`arrived`: it got there. `resend`: it did not, send it again. `give_up`: it did not, leave it."""

    decision = serializers.ChoiceField(choices=[decision.value for decision in Decision])


class EnvioViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Envio]):
    """Envíos: un mensaje a una persona, con sus intentos y su historial."""

    queryset = Envio.objects.none()
    permission_classes = (RolePermission,)
    filterset_class = EnvioFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve", "receipts", "why_not"), "campaigns.view_envio"),
        **dict.fromkeys(("decide", "mark_by_hand"), Act.DECIDE),
    }

    def get_queryset(self) -> QuerySet[Envio]:
        if self.action == "list":
            return Envio.objects.visible_to(self.request.user).select_related("campaign")
        envios = Envio.objects.decided_by(self.request.user).select_related("campaign", "session")
        return envios.prefetch_related(
            Prefetch("attempt_log", queryset=Attempt.objects.order_by("id")),
            Prefetch("events", queryset=EnvioEvent.objects.order_by("id")),
        )

    def require_allowed(self, row: Envio) -> None:
        if self.needs[self.action] == Act.DECIDE:
            require_decision(row, by=current_user(self.request))

    def get_serializer_class(self) -> type[EnvioSerializer]:
        return EnvioSerializer if self.action == "list" else EnvioDetailSerializer

    @extend_schema(responses=ReceiptSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def receipts(self, request: Request, pk: str) -> Response:
        """Los acuses que llegaron de este envío, en su orden."""
        envio: Envio = self.get_object()
        reached = ((Ack.SERVER, envio.server_at), (Ack.DELIVERED, envio.delivered_at), (Ack.READ, envio.read_at))
        return Response(
            ReceiptSerializer([{"ack": ack, "at": at} for ack, at in reached if at is not None], many=True).data
        )

    @extend_schema(responses=WhyNotSerializer)
    @action(detail=True, url_path="why-not")
    def why_not(self, request: Request, pk: str) -> Response:
        """Por qué este envío no sale ahora."""
        return Response(WhyNotSerializer(why_not_this(self.get_object(), timezone.now())).data)

    @extend_schema(request=DecisionSerializer, responses=EnvioDetailSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Resuelve un envío incierto: llegó, se reenvía o se deja."""
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        decisions.decide(
            self.get_object(),
            Decision(given.validated_data["decision"]),
            by=current_user(request),
            reason=given.validated_data["reason"],
            now=timezone.now(),
        )
        return self._answer()

    @extend_schema(request=RequiredReasonSerializer, responses=EnvioDetailSerializer)
    @action(detail=True, methods=["post"], url_path="mark-by-hand")
    def mark_by_hand(self, request: Request, pk: str) -> Response:
        """Alguien ya le escribió por su cuenta: este envío no sale."""
        given = RequiredReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        decisions.mark_by_hand(
            self.get_object(), by=current_user(request), reason=given.validated_data["reason"], now=timezone.now()
        )
        return self._answer()

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
