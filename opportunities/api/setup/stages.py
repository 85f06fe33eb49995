"""The funnel over the API: everybody reads it, administrators change it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet, ModelViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.filters import RouteFilter, StageFilter
from opportunities.api.setup.previews import StageRehearsalSerializer
from opportunities.enums import WORKING
from opportunities.funnel import stage_rules
from opportunities.models import Stage, StageRoute
from opportunities.models.stage import MOST_TIMER_MINUTES
from opportunities.timers import agreement, preview, recalculation

VIEW = "opportunities.view_opportunity"
_LONGEST_TEMPLATE = 4_000


class StageSerializer(ModelSerializer[Stage]):
    """`hold_minutes`: as long may a date that the client asked for hold the timer, counted likewise; null is not at all.
    `timer_minutes` counts operating hours; null is no timer, and another one moves the clocks that run. A stage keeps
    its type: retire it with `active`.
    """

    required_fields = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=20, default=list
    )

    rehearsed = serializers.CharField(
        max_length=64, required=False, allow_blank=True, write_only=True, help_text="Lo que respondió el ensayo."
    )

    class Meta:
        model = Stage
        fields = (
            "id", "name", "type", "order", "timer_minutes", "hold_minutes", "colour", "message_template", "required_fields",
            "exit_to", "cooldown_days", "active", "rehearsed",
        )  # fmt: skip
        extra_kwargs = {
            "order": {"max_value": 10_000},
            "message_template": {
                "max_length": _LONGEST_TEMPLATE,
                "trim_whitespace": False,
                "validators": [stage_rules.check_message],
            },
            "cooldown_days": {"max_value": 3_650},
        }

    def validate_type(self, value: str) -> str:
        if self.instance is not None and self.instance.type != value:
            raise serializers.ValidationError(_("Una etapa no cambia de tipo: retírala y crea otra."))
        return value

    def validate_active(self, value: bool) -> bool:  # noqa: FBT001 - how serializers check a field
        if self.instance is not None:
            stage_rules.check_beginning(self.instance, active=value)
        return value

    def create(self, validated_data: dict[str, Any]) -> Stage:
        return super().create(_without_token(validated_data))

    def update(self, instance: Stage, validated_data: dict[str, Any]) -> Stage:
        """What was sent is written, and the timer by whoever moves the clocks with it."""
        given = {name: value for name, value in _without_token(validated_data).items() if name != "timer_minutes"}
        for name, value in given.items():
            setattr(instance, name, value)
        instance.save(update_fields=sorted(given))
        return instance

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = attrs.get("type") or getattr(self.instance, "type", None)
        if attrs.get("timer_minutes") is not None and kind not in WORKING:
            raise serializers.ValidationError({"timer_minutes": _("Solo las etapas de trabajo llevan plazo.")})
        if attrs.get("hold_minutes") is not None and kind not in WORKING:
            raise serializers.ValidationError({"hold_minutes": _("Solo las etapas de trabajo llevan plazo.")})
        return attrs


def _without_token(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "rehearsed"}


class TimerSerializer(Serializer[Any]):
    """`timer_minutes` null: no timer."""

    timer_minutes = serializers.IntegerField(min_value=1, max_value=MOST_TIMER_MINUTES, allow_null=True)


class StageViewSet(
    IdempotentPosts,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    GenericViewSet[Stage],
):
    """Etapas del embudo."""

    queryset = Stage.objects.all()
    serializer_class = StageSerializer
    permission_classes = (RolePermission,)
    filterset_class = StageFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": "opportunities.add_stage",
        **dict.fromkeys(("partial_update", "rehearse_timer"), "opportunities.change_stage"),
    }

    def perform_update(self, serializer: BaseSerializer[Stage]) -> None:
        """The timer and what runs by it change together, or not at all."""
        stage = serializer.instance
        assert isinstance(stage, Stage)  # noqa: S101 - an update has its row
        given, now = serializer.validated_data, timezone.now()
        minutes = given.get("timer_minutes", stage.timer_minutes)
        stage_rules.require_rehearsed(stage, minutes, rehearsed=given.get("rehearsed", ""), now=now)
        recalculation.change_stage(
            stage, timer_minutes=minutes, by=current_user(self.request), now=now, save=serializer.save
        )

    @extend_schema(request=TimerSerializer, responses=StageRehearsalSerializer)
    @action(detail=True, methods=["post"], url_path="rehearse-timer")
    def rehearse_timer(self, request: Request, pk: str) -> Response:
        """Qué pasaría con los plazos que corren si la etapa tuviera otro. No cambia nada: el cambio es el PATCH."""
        given = TimerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        minutes = given.validated_data["timer_minutes"]
        stage: Stage = self.get_object()
        rehearsal = preview.rehearse_stage(stage, timer_minutes=minutes, now=timezone.now())
        told = StageRehearsalSerializer(rehearsal, context={"preview_token": agreement.of_timer(stage, minutes)})
        return Response(told.data)


class StageRouteSerializer(ModelSerializer[StageRoute]):
    class Meta:
        model = StageRoute
        fields = ("id", "from_stage", "to_stage", "needs_reason")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ends = [attrs.get(name) or getattr(self.instance, name) for name in ("from_stage", "to_stage")]
        if ends[0] == ends[1]:
            raise serializers.ValidationError({"to_stage": _("Un paso lleva a otra etapa.")})
        try:
            stage_rules.check_leads_on(ends[0].type)
        except ValidationError as refusal:
            raise serializers.ValidationError({"from_stage": refusal.messages}) from None
        return attrs


class StageRouteViewSet(IdempotentPosts, ModelViewSet[StageRoute]):
    """Pasos del embudo: qué etapa puede seguir a cuál, y si pide motivo."""

    queryset = StageRoute.objects.all()
    serializer_class = StageRouteSerializer
    permission_classes = (RolePermission,)
    filterset_class = RouteFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": VIEW,
        "retrieve": VIEW,
        "create": "opportunities.add_stageroute",
        "partial_update": "opportunities.change_stageroute",
        "destroy": "opportunities.delete_stageroute",
    }
