"""Calls and chats over the API: a press, what came of it, and what was told about others."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import scope
from leadmaster.lib.api.filters import ChoicesFilter, IdFilter
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.people.reminders import ReminderSerializer
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact
from opportunities.models import ContactAttempt
from opportunities.models.contact import LONGEST_NOTE
from opportunities.policy import WORK

VIEW = "opportunities.view_opportunity"
TOLD = [choice for choice in ContactOutcome.choices if choice[0] != ContactOutcome.PENDING]


class ContactFilter(django_filters.FilterSet):
    opportunity = IdFilter(field_name="opportunity_id")
    by = IdFilter(field_name="by_id", help_text="La persona que llamó o escribió.")
    channel = filters.ChoiceFilter(choices=ContactChannel.choices)
    outcome = ChoicesFilter(choices=ContactOutcome.choices)

    class Meta:
        model = ContactAttempt
        fields = ()


class ContactSerializer(ModelSerializer[ContactAttempt]):
    """`outcome` is `sin_resultado` until somebody tells; `told_at` is when they first did."""

    by_name = serializers.SerializerMethodField()

    class Meta:
        model = ContactAttempt
        fields: tuple[str, ...] = (
            "id", "opportunity", "by", "by_name", "channel", "phone", "at", "outcome", "told_at", "note",
        )  # fmt: skip
        read_only_fields = fields

    def get_by_name(self, row: ContactAttempt) -> str:
        return str(row.by)


class PressSerializer(Serializer[Any]):
    """Without `outcome` it is a press alone; with it also what came of it, with a note and a reminder, all or nothing."""

    channel = serializers.ChoiceField(choices=ContactChannel.choices)
    phone = serializers.CharField(max_length=20, help_text="Uno del cliente, en E.164.")
    outcome = serializers.ChoiceField(choices=TOLD, required=False)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")
    remind_at = serializers.DateTimeField(required=False, help_text="Un recordatorio, con la nota.")
    holds = serializers.BooleanField(required=False, default=False, help_text="El cliente pidió esa fecha.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return require_outcome(attrs)


class ResultSerializer(Serializer[Any]):
    outcome = serializers.ChoiceField(choices=TOLD)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")


class PressedSerializer(ContactSerializer):
    """The attempt, and the reminder that came with it."""

    reminder = serializers.SerializerMethodField()

    class Meta(ContactSerializer.Meta):
        fields = (*ContactSerializer.Meta.fields, "reminder")
        read_only_fields = fields

    @extend_schema_field(ReminderSerializer(allow_null=True))
    def get_reminder(self, row: ContactAttempt) -> Any:
        made = getattr(row, "reminder", None)
        return ReminderSerializer(made, context=self.context).data if made is not None else None


def require_outcome(given: dict[str, Any]) -> dict[str, Any]:
    """A note and a reminder come with a result."""
    if "outcome" in given:
        return given
    stray = [name for name in ("note", "remind_at", "holds") if given.get(name)]
    if stray:
        raise serializers.ValidationError(dict.fromkeys(stray, "Va con el resultado: manda también «outcome»."))
    return given


class ContactViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[ContactAttempt]):
    """Contactos: cada vez que alguien llamó o escribió a un cliente, y cómo le fue."""

    queryset = ContactAttempt.objects.none()
    serializer_class = ContactSerializer
    permission_classes = (RolePermission,)
    filterset_class = ContactFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": VIEW, "retrieve": VIEW, "outcome": WORK}
    # It opens a transaction of its own.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()

    def get_queryset(self) -> QuerySet[ContactAttempt]:
        """On the opportunities that this person sees."""
        user = current_user(self.request)
        rows = ContactAttempt.objects.filter(scope(user, owner="opportunity__owner__user", team="opportunity__team"))
        return rows.select_related("by")

    @extend_schema(request=ResultSerializer, responses=ContactSerializer)
    @action(detail=True, methods=["post"])
    def outcome(self, request: Request, pk: str) -> Response:
        """Cómo le fue a quien llamó o escribió: solo esa persona lo cuenta, y por un día lo corrige."""
        row: ContactAttempt = self.get_object()
        given = ResultSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        result = contact.Result(outcome=ContactOutcome(data["outcome"]), note=data["note"])
        told = contact.correct(row.pk, result, by=current_user(request), now=timezone.now())
        return Response(ContactSerializer(told).data)
