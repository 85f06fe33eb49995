"""Who comes in, over the API: for administrators. Nobody is switched off before what they have in hand was read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as NotValid
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.supervision import departures

_DECIDE = "accounts.change_user"


class PersonSerializer(ModelSerializer[User]):
    """`language` is of their screens and of what they are told; empty: their team's."""

    name = serializers.CharField(source="get_full_name", read_only=True)

    class Meta:
        model = User
        fields = ("id", "username", "name", "role", "is_active", "language")
        read_only_fields = ("id", "username", "name", "role", "is_active")


class HoldingsSerializer(Serializer[Any]):
    """What a person has in hand. `seal` stands for exactly this, and goes into `switch-off`.

    `active` opportunities go to the inbox, and `messages` pending to their clients are not sent; `running` campaigns go on
    unless `pause_campaigns` is asked. `decisions` wait in `teams_alone`, which nobody else supervises. `reminders` go
    with their opportunities, and those of conversations to whoever supervises.
    """

    active = serializers.IntegerField()
    waiting = serializers.IntegerField()
    decisions = serializers.IntegerField()
    messages = serializers.IntegerField()
    running = serializers.IntegerField()
    scheduled = serializers.IntegerField()
    other_campaigns = serializers.IntegerField()
    lines = serializers.IntegerField()
    reminders = serializers.IntegerField()
    teams_alone = serializers.ListField(child=serializers.CharField())
    seal = serializers.CharField()


class SwitchOffSerializer(Serializer[Any]):
    """`seal` is of `holdings`; whoever has nothing in hand needs none."""

    seal = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    pause_campaigns = serializers.BooleanField(required=False, default=False)


class SettledSerializer(Serializer[Any]):
    """How many opportunities went to the inbox, and how many campaigns paused."""

    to_inbox = serializers.IntegerField()
    paused = serializers.IntegerField()


class PersonViewSet(IdempotentPosts, mixins.RetrieveModelMixin, mixins.UpdateModelMixin, GenericViewSet[User]):
    """Personas: quién entra. Solo para quien administra."""

    queryset = User.objects.none()
    serializer_class = PersonSerializer
    permission_classes = (RolePermission,)
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        "retrieve": _DECIDE,
        "partial_update": _DECIDE,
        "holdings": _DECIDE,
        "switch_off": _DECIDE,
        "switch_on": _DECIDE,
    }

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.order_by("-id") if current_user(self.request).is_administrator else User.objects.none()

    def perform_update(self, serializer: BaseSerializer[User]) -> None:
        # Nothing else of the row: what a person may do is decided elsewhere, perhaps at this moment.
        person = serializer.instance
        assert isinstance(person, User)  # noqa: S101 - the view looked it up
        if "language" in serializer.validated_data:
            person.language = serializer.validated_data["language"]
            person.save(update_fields=["language"])

    @extend_schema(responses=HoldingsSerializer, filters=False)
    @action(detail=True)
    def holdings(self, request: Request, pk: str) -> Response:
        """Lo que tiene en mano: léelo antes de desactivarla."""
        return Response(HoldingsSerializer(departures.holdings(self.get_object())).data)

    @extend_schema(request=SwitchOffSerializer, responses=SettledSerializer)
    @action(detail=True, methods=["post"], url_path="switch-off")
    def switch_off(self, request: Request, pk: str) -> Response:
        """Ya no entra, ni sus programas. Sus oportunidades pasan a la bandeja. Con algo en mano pide el `seal` de lo leído."""
        user: User = self.get_object()
        given = SwitchOffSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            done = departures.switch_off(
                user,
                by=current_user(request),
                now=timezone.now(),
                agreed=given.validated_data["seal"],
                pause_campaigns=given.validated_data["pause_campaigns"],
            )
        except NotValid as refused:
            raise serializers.ValidationError({"general": refused.messages}) from None
        return Response(SettledSerializer(done).data)

    @extend_schema(request=None, responses=PersonSerializer)
    @action(detail=True, methods=["post"], url_path="switch-on")
    def switch_on(self, request: Request, pk: str) -> Response:
        """Vuelve a entrar. Lo que pasó a la bandeja se queda ahí."""
        departures.switch_on(self.get_object(), by=current_user(request))
        return Response(PersonSerializer(self.get_object()).data)
