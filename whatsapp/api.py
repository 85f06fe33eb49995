"""Sessions over the API: supervisors set them up; whoever they belong to pairs and watches them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import RequiredReasonSerializer
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from whatsapp import linking, session_editing, sessions, warm_up
from whatsapp.models import WhatsAppSession
from whatsapp.standing import Standing, standing


class SessionSerializer(ModelSerializer[WhatsAppSession]):
    """Secrets go in and never come out."""

    token = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=500)
    webhook_secret = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=500)
    verify_token = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=500)
    ready = serializers.SerializerMethodField(help_text="Si ahora puede salir un mensaje por ella.")

    limit_today = serializers.SerializerMethodField(
        help_text="Cuántos mensajes puede enviar hoy: menos que su límite mientras toma ritmo."
    )
    standing = serializers.SerializerMethodField(help_text="Cómo está la línea, en una palabra para programas.")

    class Meta:
        model = WhatsAppSession
        fields = (
            "id", "name", "tenant_id", "gateway", "base_url", "token", "webhook_secret", "verify_token", "owner", "team",
            "region", "time_zone", "daily_limit", "lane_count", "deaf_after", "in_use_since", "warm_up_start",
            "limit_today", "idle_after", "closed_reason", "closed_at", "rested_at", "reconnect_at", "reconnect_tries",
            "phone", "state", "state_at", "last_seen_at",
            "can_send", "mute_since", "paired_at", "unreachable_since", "trouble", "paused_at", "blocked_until",
            "cold_until", "deaf_since", "people_a_day", "capabilities", "gateway_version", "ready", "standing",
            "created_at",
        )  # fmt: skip
        read_only_fields = (
            "phone", "state", "state_at", "last_seen_at", "can_send", "mute_since", "paired_at", "unreachable_since",
            "trouble", "paused_at", "blocked_until", "cold_until", "deaf_since", "people_a_day", "capabilities",
            "gateway_version", "created_at", "closed_reason", "closed_at", "rested_at", "reconnect_at",
            "reconnect_tries",
        )  # fmt: skip
        extra_kwargs = {"tenant_id": {"trim_whitespace": False}}
        # `session_editing` asks whether the line is taken, by whichever of its names the gateway is written.
        validators: ClassVar[list[Any]] = []

    def get_ready(self, session: WhatsAppSession) -> bool:
        return session.is_ready(timezone.now())

    def get_limit_today(self, session: WhatsAppSession) -> int:
        return warm_up.limit(session)

    @extend_schema_field(serializers.ChoiceField([each.value for each in Standing]))
    def get_standing(self, session: WhatsAppSession) -> str:
        return standing(session, timezone.now()).value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return session_editing.checked(self.instance, attrs, by=self._person())
        except DjangoValidationError as refused:
            raise serializers.ValidationError(refused.message_dict) from refused

    def create(self, validated_data: dict[str, Any]) -> WhatsAppSession:
        try:
            return session_editing.create(validated_data, by=self._person(), now=timezone.now())
        except DjangoValidationError as refused:
            raise serializers.ValidationError(refused.message_dict) from refused

    def update(self, instance: WhatsAppSession, validated_data: dict[str, Any]) -> WhatsAppSession:
        try:
            return session_editing.change(instance.pk, validated_data, by=self._person(), now=timezone.now())
        except DjangoValidationError as refused:
            raise serializers.ValidationError(refused.message_dict) from refused

    def _person(self) -> User:
        return current_user(self.context["request"])


class PairingSerializer(Serializer[Any]):
    """`qr` is the text to draw as a QR code; both are null while there is nothing to scan."""

    qr = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class TypedCodeRequestSerializer(Serializer[Any]):
    """El número del teléfono que va a escribir el código; vacío: el de la línea."""

    phone = serializers.CharField(allow_blank=True, required=False, default="", max_length=60)


class TypedCodeSerializer(Serializer[Any]):
    """Sin el guion que WhatsApp muestra en medio."""

    code = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SessionViewSet(
    IdempotentPosts,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    GenericViewSet[WhatsAppSession],
):
    """Sesiones de WhatsApp: las líneas por las que salen los mensajes."""

    queryset = WhatsAppSession.objects.none()
    serializer_class = SessionSerializer
    permission_classes = (RolePermission,)
    filterset_fields = ("state", "team", "owner")
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": "whatsapp.view_whatsappsession",
        "retrieve": "whatsapp.view_whatsappsession",
        "create": "whatsapp.add_whatsappsession",
        "partial_update": "whatsapp.change_whatsappsession",
        "unpause": "whatsapp.change_whatsappsession",
        "lift_deaf": "whatsapp.change_whatsappsession",
        "lift_cold": "whatsapp.change_whatsappsession",
        "lift_warm_up": "whatsapp.change_whatsappsession",
        "change_number": "whatsapp.change_whatsappsession",
        **dict.fromkeys(("connect", "disconnect", "refresh", "qr", "typed_code"), "whatsapp.pair_whatsappsession"),
    }
    answers_secret: ClassVar[frozenset[str]] = frozenset({"typed_code"})
    refusals: ClassVar[dict[str, str]] = {"502": "El gateway no respondió o no lo hizo: `message` dice por qué."}

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(self.request.user)

    @extend_schema(request=None, responses=SessionSerializer)
    @action(detail=True, methods=["post"])
    def connect(self, request: Request, pk: str) -> Response:
        """Pide al gateway que abra la sesión. Si hay que vincularla, el código está en `qr`."""
        return self._answer(sessions.connect(self.get_object(), timezone.now(), by=current_user(request)))

    @extend_schema(request=None, responses=SessionSerializer)
    @action(detail=True, methods=["post"])
    def disconnect(self, request: Request, pk: str) -> Response:
        """Pide al gateway que cierre la sesión."""
        return self._answer(sessions.disconnect(self.get_object(), timezone.now(), by=current_user(request)))

    @extend_schema(request=None, responses=SessionSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, pk: str) -> Response:
        """Pregunta ahora al gateway cómo está la sesión."""
        return self._answer(sessions.refresh(self.get_object(), timezone.now()))

    @extend_schema(request=None, responses=SessionSerializer)
    @action(detail=True, methods=["post"])
    def unpause(self, request: Request, pk: str) -> Response:
        """Levanta la pausa de una sesión que esperaba la decisión de una persona."""
        return self._answer(sessions.unpause(self.get_object(), by=current_user(request), now=timezone.now()))

    @extend_schema(request=RequiredReasonSerializer, responses=SessionSerializer)
    @action(detail=True, methods=["post"], url_path="lift-cold")
    def lift_cold(self, request: Request, pk: str) -> Response:
        """Vuelve a escribir a contactos nuevos antes de que termine la espera que pidió WhatsApp."""
        session = self.get_object()
        body = RequiredReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reason: str = body.validated_data["reason"]
        return self._answer(sessions.lift_cold(session, by=current_user(request), reason=reason, now=timezone.now()))

    @extend_schema(request=RequiredReasonSerializer, responses=SessionSerializer)
    @action(detail=True, methods=["post"], url_path="lift-deaf")
    def lift_deaf(self, request: Request, pk: str) -> Response:
        """Deja enviar otra vez a una línea que no confirma lo que envía."""
        session = self.get_object()
        body = RequiredReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reason: str = body.validated_data["reason"]
        return self._answer(sessions.lift_deaf(session, by=current_user(request), reason=reason, now=timezone.now()))

    @extend_schema(request=RequiredReasonSerializer, responses=SessionSerializer)
    @action(detail=True, methods=["post"], url_path="lift-warm-up")
    def lift_warm_up(self, request: Request, pk: str) -> Response:
        """Da a la línea su límite completo desde ahora, sin esperar a que tome ritmo."""
        session = self.get_object()
        body = RequiredReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reason: str = body.validated_data["reason"]
        return self._answer(warm_up.lift(session, by=current_user(request), reason=reason, now=timezone.now()))

    @extend_schema(responses=PairingSerializer)
    @action(detail=True)
    def qr(self, request: Request, pk: str) -> Response:
        """El código para vincular el teléfono y cuándo vence."""
        code = sessions.pairing_code(self.get_object())
        return Response(
            PairingSerializer({"qr": code.qr if code else None, "expires_at": code.expires_at if code else None}).data
        )

    @extend_schema(request=TypedCodeRequestSerializer, responses=TypedCodeSerializer)
    @action(detail=True, methods=["post"], url_path="typed-code")
    def typed_code(self, request: Request, pk: str) -> Response:
        """Un código de ocho caracteres para escribir en el teléfono, en vez de escanear."""
        body = TypedCodeRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        code = linking.typed_code(self.get_object(), body.validated_data["phone"])
        return Response(TypedCodeSerializer({"code": code.code, "expires_at": code.expires_at}).data)

    @extend_schema(request=RequiredReasonSerializer, responses=SessionSerializer)
    @action(detail=True, methods=["post"], url_path="change-number")
    def change_number(self, request: Request, pk: str) -> Response:
        """Desvincula el teléfono: el próximo que se vincule, con otro número, es el de la línea."""
        session = self.get_object()
        body = RequiredReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reason: str = body.validated_data["reason"]
        return self._answer(linking.change_number(session, by=current_user(request), reason=reason, now=timezone.now()))

    def _answer(self, session: WhatsAppSession) -> Response:
        return Response(self.get_serializer(session).data)
