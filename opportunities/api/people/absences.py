"""Promoters on leave, over the API."""

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

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import scope
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.fields import PromoterField
from opportunities.api.filters import AbsenceFilter
from opportunities.enums import AbsencePolicy
from opportunities.models import Absence
from opportunities.policy import SUPERVISE
from opportunities.supervision import absences


class AbsenceSerializer(ModelSerializer[Absence]):
    """`begun_at` and `ended_at` say when it took effect and when it was over."""

    class Meta:
        model = Absence
        fields = (
            "id",
            "promoter",
            "starts_on",
            "ends_on",
            "policy",
            "created_by",
            "created_at",
            "begun_at",
            "ended_at",
        )


class NewAbsenceSerializer(Serializer[Any]):
    """Days of the desk's calendar, both included. `policy`: their clocks stop, or their work goes back to the pool."""

    promoter = PromoterField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    policy = serializers.ChoiceField(choices=AbsencePolicy.choices)


class AbsenceViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Absence]):
    """Ausencias: días en que un promotor no recibe nada."""

    queryset = Absence.objects.none()
    serializer_class = AbsenceSerializer
    permission_classes = (RolePermission,)
    filterset_class = AbsenceFilter
    lookup_value_regex = "[0-9]{1,18}"
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        "list": "opportunities.view_absence",
        "retrieve": "opportunities.view_absence",
        "create": SUPERVISE,
        "call_off": SUPERVISE,
    }

    def get_queryset(self) -> QuerySet[Absence]:
        rows = Absence.objects.filter(scope(self.request.user, owner="promoter__user", team="promoter__desk__team"))
        return rows.select_related("promoter__desk__calendar", "promoter__user")

    def require_allowed(self, row: Absence) -> None:
        if self.action != "retrieve":
            absences.require_allowed(current_user(self.request), row.promoter)

    @extend_schema(request=NewAbsenceSerializer, responses={201: AbsenceSerializer})
    def create(self, request: Request) -> Response:
        """Carga una ausencia; empieza a valer con su primer día."""
        given = NewAbsenceSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        data = given.validated_data
        row = absences.announce(
            data["promoter"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            policy=AbsencePolicy(data["policy"]),
            by=current_user(request),
            now=timezone.now(),
        )
        return Response(self.get_serializer(row).data, status=201)

    @extend_schema(request=None, responses=AbsenceSerializer)
    @action(detail=True, methods=["post"], url_path="call-off")
    def call_off(self, request: Request, pk: str) -> Response:
        """Volvió, o no se va: sus plazos siguen desde ahora. Lo que fue al pool queda ahí."""
        row: Absence = self.get_object()
        absences.call_off(row, by=current_user(request), now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)
