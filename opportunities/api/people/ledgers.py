"""What was written down along the way: the lines of the quotas, and which clients rest for whom."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import mixins, serializers
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.filters import IdFilter
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import ModelSerializer
from opportunities.api.people.promoters import QuotaEntrySerializer
from opportunities.enums import QuotaKind
from opportunities.models import CoolDown, Promoter, QuotaEntry
from opportunities.policy import SUPERVISE
from opportunities.scope import team_ids_of


class LedgerLineSerializer(QuotaEntrySerializer):
    """A line with whose quota and of which day it is."""

    promoter = serializers.IntegerField(source="quota.promoter_id")
    day = serializers.DateField(source="quota.day")

    class Meta(QuotaEntrySerializer.Meta):
        fields = (*QuotaEntrySerializer.Meta.fields, "quota", "promoter", "day")  # type: ignore[assignment]


class LedgerFilter(django_filters.FilterSet):
    promoter = IdFilter(field_name="quota__promoter_id")
    day = filters.DateFilter(field_name="quota__day")
    kind = filters.ChoiceFilter(choices=QuotaKind.choices)

    class Meta:
        model = QuotaEntry
        fields = ()


class QuotaEntryViewSet(DescribedRequests, mixins.ListModelMixin, GenericViewSet[QuotaEntry]):
    """Movimientos de cupo de tus equipos: cada uno con quién y por qué."""

    queryset = QuotaEntry.objects.none()
    serializer_class = LedgerLineSerializer
    permission_classes = (RolePermission,)
    filterset_class = LedgerFilter
    needs: ClassVar[dict[str, str]] = {"list": "opportunities.view_quotaentry"}

    def get_queryset(self) -> QuerySet[QuotaEntry]:
        rows = QuotaEntry.objects.select_related("quota")
        user = current_user(self.request)
        return rows if user.is_administrator else rows.filter(quota__promoter__in=_promoters(self))


class CoolDownSerializer(ModelSerializer[CoolDown]):
    """This client is not offered to this promoter, nor captured by them, before `until`."""

    class Meta:
        model = CoolDown
        fields = ("id", "promoter", "client", "until")


class CoolDownFilter(django_filters.FilterSet):
    promoter = IdFilter(field_name="promoter_id")
    client = IdFilter(field_name="client_id")

    class Meta:
        model = CoolDown
        fields = ()


class CoolDownViewSet(DescribedRequests, mixins.ListModelMixin, GenericViewSet[CoolDown]):
    """Descansos que siguen: qué clientes no se ofrecen a qué promotores de tus equipos, y hasta cuándo."""

    queryset = CoolDown.objects.none()
    serializer_class = CoolDownSerializer
    permission_classes = (RolePermission,)
    filterset_class = CoolDownFilter
    needs: ClassVar[dict[str, str]] = {"list": SUPERVISE}

    def get_queryset(self) -> QuerySet[CoolDown]:
        rows = CoolDown.objects.filter(until__gt=timezone.now())
        user = current_user(self.request)
        return rows if user.is_administrator else rows.filter(promoter__in=_promoters(self))


def _promoters(view: GenericViewSet[Any]) -> list[int]:
    """By their ids: the newest lines are then found along the list itself, which a join would sort."""
    teams = team_ids_of(current_user(view.request))
    return list(Promoter.objects.filter(desk__team__in=teams).values_list("pk", flat=True))
