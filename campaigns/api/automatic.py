"""What lines answer by themselves, over the API: the rules of a team, and what came of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaigns.api.filters import AutomaticAnswerFilter, AutomaticRuleFilter
from campaigns.automatic import rules
from campaigns.models import AutomaticAnswer, AutomaticRule
from campaigns.models.automatic import LONGEST_KEYWORDS, LONGEST_TEXT
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import teams_of
from leadmaster.lib import changes
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from whatsapp.models import WhatsAppSession


class AutomaticRuleSerializer(ModelSerializer[AutomaticRule]):
    """`session` null: todas las líneas del equipo. Nace apagada si `enabled` no dice otra cosa."""

    class Meta:
        model = AutomaticRule
        fields = ("id", "team", "session", "kind", "keywords", "text", "enabled", "changed_at", "changed_by")
        read_only_fields = ("changed_at", "changed_by")
        extra_kwargs = {
            "text": {"max_length": LONGEST_TEXT},
            "keywords": {"max_length": LONGEST_KEYWORDS},
        }

    def get_fields(self) -> dict[str, Any]:
        """Nobody learns which lines and teams of others there are."""
        fields = super().get_fields()
        asks = getattr(self.context.get("request"), "user", None)
        fields["team"].queryset = teams_of(asks)  # type: ignore[attr-defined]  # a relation's
        fields["session"].queryset = WhatsAppSession.objects.filter(team__in=teams_of(asks))  # type: ignore[attr-defined]
        return fields

    def create(self, validated_data: dict[str, Any]) -> AutomaticRule:
        return rules.save(AutomaticRule(**validated_data), by=current_user(self.context["request"]), now=timezone.now())

    def update(self, instance: AutomaticRule, validated_data: dict[str, Any]) -> AutomaticRule:
        before = changes.values_of(instance, validated_data)
        by, now = current_user(self.context["request"]), timezone.now()
        changed = rules.change(instance, validated_data, by=by, now=now)
        self._remember(changed, changes.between(before, changes.values_of(changed, validated_data)))
        return changed


class AnsweredExampleSerializer(Serializer[Any]):
    at = serializers.DateTimeField()
    line = serializers.CharField()
    words = serializers.CharField()


class RulePreviewSerializer(Serializer[Any]):
    """De las últimas `tried` conversaciones, a cuántas habría contestado la regla."""

    tried = serializers.IntegerField()
    answered = serializers.IntegerField()
    examples = AnsweredExampleSerializer(many=True)


class AutomaticAnswerSerializer(ModelSerializer[AutomaticAnswer]):
    """Con `held_back`, no salió: dice por qué."""

    class Meta:
        model = AutomaticAnswer
        fields = ("id", "rule", "kind", "session", "conversation", "at", "envio", "held_back")


class AutomaticRuleViewSet(
    IdempotentPosts,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    GenericViewSet[AutomaticRule],
):
    """Respuestas automáticas: lo que una línea contesta sola. Las decide quien supervisa el equipo."""

    queryset = AutomaticRule.objects.none()
    serializer_class = AutomaticRuleSerializer
    permission_classes = (RolePermission,)
    filterset_class = AutomaticRuleFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": "campaigns.view_automaticrule",
        "retrieve": "campaigns.view_automaticrule",
        "preview": "campaigns.view_automaticrule",
        "create": "campaigns.add_automaticrule",
        "partial_update": "campaigns.change_automaticrule",
    }

    def get_queryset(self) -> QuerySet[AutomaticRule]:
        return AutomaticRule.objects.visible_to(self.request.user).select_related("session")

    @extend_schema(responses=RulePreviewSerializer)
    @action(detail=True, methods=["get"])
    def preview(self, request: Request, pk: str) -> Response:
        """Qué habría contestado últimamente. No se manda nada."""
        return Response(RulePreviewSerializer(rules.preview(self.get_object())).data)


class AutomaticAnswerViewSet(
    DescribedRequests, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[AutomaticAnswer]
):
    """Registro de lo que las líneas contestaron solas, y de lo que se frenaron de contestar."""

    queryset = AutomaticAnswer.objects.none()
    serializer_class = AutomaticAnswerSerializer
    permission_classes = (RolePermission,)
    filterset_class = AutomaticAnswerFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("list", "retrieve"), "campaigns.view_automaticanswer")

    def get_queryset(self) -> QuerySet[AutomaticAnswer]:
        return AutomaticAnswer.objects.visible_to(self.request.user)
