"""Promoters over the API: to whom something can be given, and the quota of their day."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.roles import Role
from leadmaster.lib.api.fields import VisibleField
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.filters import PromoterFilter, QuotaFilter
from opportunities.api.pages import Subpages
from opportunities.capacity import quota
from opportunities.capacity.usage import Usage, active_of, allowance_of, usage_of
from opportunities.errors import NotAllowed
from opportunities.models import DailyQuota, Desk, Promoter, QuotaEntry
from opportunities.policy import SUPERVISE, WORK, may_supervise, promoter_of
from opportunities.scope import promoters_of

_MOST_QUOTA = 100_000


class QuotaSerializer(ModelSerializer[DailyQuota]):
    left = serializers.IntegerField(min_value=0, read_only=True)

    class Meta:
        model = DailyQuota
        fields = ("id", "promoter", "day", "limit", "used", "left")


class QuotaEntrySerializer(ModelSerializer[QuotaEntry]):
    """`amount` is what the line adds to `used`, or to `limit` for a change of the limit. `by` is null for the system."""

    class Meta:
        model = QuotaEntry
        fields = ("id", "kind", "amount", "at", "by", "reason", "lot")


class AllowanceSerializer(Serializer[Any]):
    """`left` is what a request could still get: the quota's rest, or the room that the work in hand leaves."""

    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    room = serializers.IntegerField()
    left = serializers.IntegerField()
    full = serializers.BooleanField()


class QuotaCorrectionSerializer(Serializer[Any]):
    limit = serializers.IntegerField(min_value=0, max_value=_MOST_QUOTA)
    reason = serializers.CharField(max_length=300)


class PromoterSerializer(Serializer[Any]):
    """Today: `used` of `limit` is the quota, `active` of `capacity` what they hold. `absent` is about today as well.

    `receives`: there, switched on and not absent. `room`: how many more they can be given, by quota and by what they hold.
    """

    id = serializers.IntegerField(source="promoter.pk")
    user = serializers.IntegerField(source="promoter.user_id")
    name = serializers.CharField(source="promoter")
    desk = serializers.IntegerField(source="promoter.desk_id")
    team = serializers.IntegerField(source="promoter.desk.team_id")
    available = serializers.BooleanField(source="promoter.available")
    absent = serializers.SerializerMethodField()
    receives = serializers.SerializerMethodField()
    active = serializers.IntegerField()
    capacity = serializers.IntegerField(source="promoter.most_active")
    limit = serializers.IntegerField()
    used = serializers.IntegerField()
    left = serializers.IntegerField()
    room = serializers.SerializerMethodField()
    captured = serializers.IntegerField(help_text="Captaciones de hoy.")
    extended = serializers.IntegerField(help_text="Prórrogas de los últimos siete días.")

    def get_absent(self, usage: Usage) -> bool:
        return usage.absence is not None

    def get_receives(self, usage: Usage) -> bool:
        return usage.promoter.available and usage.promoter.user.is_active and usage.absence is None

    def get_room(self, usage: Usage) -> int:
        return usage.can_get


class PromoterChangeSerializer(Serializer[Any]):
    """What is sent is changed; a null limit is the desk's. A new quota counts from tomorrow on."""

    available = serializers.BooleanField(required=False)
    daily_quota = serializers.IntegerField(min_value=0, max_value=_MOST_QUOTA, required=False, allow_null=True)
    daily_captures = serializers.IntegerField(min_value=0, max_value=_MOST_QUOTA, required=False, allow_null=True)
    capacity = serializers.IntegerField(min_value=0, max_value=_MOST_QUOTA, required=False, allow_null=True)


class NewUserField(VisibleField):
    """A promoter by role, active, who works at no desk yet."""

    queryset = User.objects.filter(role=Role.PROMOTER, is_active=True, promoter__isnull=True)


class DeskField(VisibleField):
    queryset = Desk.objects.all()


class NewPromoterSerializer(PromoterChangeSerializer):
    user = NewUserField()
    desk = DeskField()


class PromoterViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Promoter]):
    """Promotores de tus equipos, con lo que tienen en mano y su cupo de hoy."""

    queryset = Promoter.objects.none()
    serializer_class = PromoterSerializer
    permission_classes = (RolePermission,)
    filterset_class = PromoterFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": "opportunities.view_promoter",
        "retrieve": "opportunities.view_promoter",
        "create": "opportunities.add_promoter",
        "partial_update": "opportunities.change_promoter",
        "quota": SUPERVISE,
    }

    def get_queryset(self) -> QuerySet[Promoter]:
        return promoters_of(current_user(self.request))

    def require_allowed(self, row: Promoter) -> None:
        if self.action != "retrieve" and not may_supervise(current_user(self.request), row.desk.team_id):
            raise NotAllowed(_("Tus límites los cambia quien supervisa tu equipo."))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(PromoterSerializer(usage_of(page, now=timezone.now()), many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(_told(self.get_object()))

    @extend_schema(request=NewPromoterSerializer, responses={201: PromoterSerializer})
    def create(self, request: Request) -> Response:
        """Sienta a una persona en una mesa."""
        given = NewPromoterSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                row = Promoter.objects.create(**given.validated_data)
        except IntegrityError:
            # Somebody else did it in the same moment.
            raise serializers.ValidationError({"user": [_("Ya está en una mesa.")]}) from None
        return Response(_told(self.get_queryset().get(pk=row.pk)), status=201)

    @extend_schema(request=PromoterChangeSerializer, responses=PromoterSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Si recibe asignaciones, y sus límites propios. Lo que ya tiene se queda con él."""
        promoter: Promoter = self.get_object()
        given = PromoterChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        if given.validated_data:
            Promoter.objects.filter(pk=promoter.pk).update(**given.validated_data)
        return Response(_told(self.get_object()))

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
            promoter.desk.day_at(now),
            given.validated_data["limit"],
            by=current_user(request),
            reason=given.validated_data["reason"],
            now=now,
        )
        return Response(QuotaSerializer(row).data)


def _told(promoter: Promoter) -> dict[str, Any]:
    return dict(PromoterSerializer(usage_of([promoter], now=timezone.now())[0]).data)


class QuotaViewSet(
    DescribedRequests, Subpages, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[DailyQuota]
):
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
        promoter = promoter_of(current_user(request))
        found = allowance_of(promoter, active=active_of(promoter), now=timezone.now())
        return Response(AllowanceSerializer(found).data)

    @extend_schema(responses=QuotaEntrySerializer(many=True), filters=False)
    @action(detail=True)
    def entries(self, request: Request, pk: str) -> Response:
        """El libro de ese día: cada movimiento, con quién y por qué. El más nuevo primero."""
        return self.page_of(QuotaEntry.objects.filter(quota=self.get_object()), QuotaEntrySerializer)
