"""Promoters over the API: to whom something can be given, and the quota of their day."""

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

from leadmaster.accounts.api import RolePermission, person
from leadmaster.lib.clock import business_day
from leadmaster.ops.api import IdempotentPosts
from opportunities.api.filters import PromoterFilter, QuotaFilter
from opportunities.api.pages import Subpages
from opportunities.api.scope import promoters_of
from opportunities.assignment import quota
from opportunities.models import DailyQuota, Promoter, QuotaEntry
from opportunities.policy import SUPERVISE, WORK, promoter_of
from opportunities.usage import Usage, usage_of
from opportunities.web.my_day import active_of, allowance_of

_MOST_QUOTA = 100_000


class QuotaSerializer(serializers.ModelSerializer[DailyQuota]):
    left = serializers.IntegerField(min_value=0, read_only=True)

    class Meta:
        model = DailyQuota
        fields = ("id", "promoter", "day", "limit", "used", "left")


class QuotaEntrySerializer(serializers.ModelSerializer[QuotaEntry]):
    """`amount` is what the line adds to `used`, or to `limit` for a change of the limit. `by` is null for the system."""

    class Meta:
        model = QuotaEntry
        fields = ("id", "kind", "amount", "at", "by", "reason", "lot")


class AllowanceSerializer(serializers.Serializer[Any]):
    """`left` is what a request could still get: the quota's rest, or the room that the work in hand leaves."""

    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    room = serializers.IntegerField()
    left = serializers.IntegerField()
    full = serializers.BooleanField()


class QuotaCorrectionSerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=0, max_value=_MOST_QUOTA)
    reason = serializers.CharField(max_length=300)


class PromoterSerializer(serializers.Serializer[Any]):
    """Today: `used` of `limit` is the quota, `active` of `capacity` what they hold. `absent` is about today as well."""

    id = serializers.IntegerField(source="promoter.pk")
    user = serializers.IntegerField(source="promoter.user_id")
    name = serializers.CharField(source="promoter")
    team = serializers.IntegerField(source="promoter.desk.team_id")
    available = serializers.BooleanField(source="promoter.available")
    absent = serializers.SerializerMethodField()
    active = serializers.IntegerField()
    capacity = serializers.IntegerField(source="promoter.most_active")
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()
    captured = serializers.IntegerField(help_text="Captaciones de hoy.")
    extended = serializers.IntegerField(help_text="Prórrogas de los últimos siete días.")

    def get_absent(self, usage: Usage) -> bool:
        return usage.absence is not None


class PromoterViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Promoter]):
    """Promotores de tus equipos, con lo que tienen en mano y su cupo de hoy."""

    queryset = Promoter.objects.none()
    serializer_class = PromoterSerializer
    permission_classes = (RolePermission,)
    filterset_class = PromoterFilter
    lookup_value_regex = "[0-9]{1,18}"
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        "list": "opportunities.view_promoter",
        "retrieve": "opportunities.view_promoter",
        "quota": SUPERVISE,
    }

    def get_queryset(self) -> QuerySet[Promoter]:
        return promoters_of(person(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(PromoterSerializer(usage_of(page, now=timezone.now()), many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(PromoterSerializer(usage_of([self.get_object()], now=timezone.now())[0]).data)

    @extend_schema(request=QuotaCorrectionSerializer, responses=QuotaSerializer)
    @action(detail=True, methods=["post"])
    def quota(self, request: Request, pk: str) -> Response:
        """Cambia el cupo de hoy, con su motivo; queda en el libro. No baja de lo que ya se usó."""
        promoter: Promoter = self.get_object()
        given = QuotaCorrectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        now = timezone.now()
        row = quota.change_limit(
            promoter,
            business_day(now, promoter.desk.calendar.tz),
            given.validated_data["limit"],
            by=person(request),
            reason=given.validated_data["reason"],
            now=now,
        )
        return Response(QuotaSerializer(row).data)


class QuotaViewSet(Subpages, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[DailyQuota]):
    """Cupos diarios: cuánto se podía recibir un día y cuánto se recibió."""

    queryset = DailyQuota.objects.none()
    serializer_class = QuotaSerializer
    permission_classes = (RolePermission,)
    filterset_class = QuotaFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        "list": "opportunities.view_dailyquota",
        "retrieve": "opportunities.view_dailyquota",
        "today": WORK,
        "entries": "opportunities.view_quotaentry",
    }

    def get_queryset(self) -> QuerySet[DailyQuota]:
        return DailyQuota.objects.visible_to(self.request.user)

    @extend_schema(responses=AllowanceSerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def today(self, request: Request) -> Response:
        """Tu cupo de hoy, y cuánto podrías recibir todavía."""
        promoter = promoter_of(person(request))
        found = allowance_of(promoter, active=active_of(promoter), now=timezone.now())
        return Response(AllowanceSerializer(found).data)

    @extend_schema(responses=QuotaEntrySerializer(many=True), filters=False)
    @action(detail=True)
    def entries(self, request: Request, pk: str) -> Response:
        """El libro de ese día: cada movimiento, con quién y por qué. El más nuevo primero."""
        return self.page_of(QuotaEntry.objects.filter(quota=self.get_object()), QuotaEntrySerializer)
