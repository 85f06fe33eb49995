"""Reminders over the API: what is due, and what is done about it."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.filters import BooleanFilter, ChoicesFilter, IdFilter
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.fields import VersionSerializer
from opportunities.api.opportunities.coming_back import PostponeSerializer, ReminderSerializer
from opportunities.enums import ReminderState
from opportunities.models import Reminder
from opportunities.policy import WORK
from opportunities.queries.reminders import reminders_of
from opportunities.timers import reminders

VIEW = "opportunities.view_opportunity"


class ReminderFilter(django_filters.FilterSet):
    state = ChoicesFilter(choices=ReminderState.choices)
    whom = IdFilter(field_name="whom_id", help_text="La persona que lo recibe.")
    team = IdFilter(field_name="team_id")
    opportunity = IdFilter(field_name="opportunity_id")
    conversation = IdFilter(field_name="conversation_id")
    due = BooleanFilter(method="by_clock", help_text="De los pendientes: si su hora ya llegó.")

    class Meta:
        model = Reminder
        fields = ()

    def by_clock(self, rows: QuerySet[Reminder], _name: str, value: bool) -> QuerySet[Reminder]:  # noqa: FBT001 - the library's
        pending, now = rows.filter(state=ReminderState.PENDING), timezone.now()
        return pending.filter(due_at__lte=now) if value else pending.filter(due_at__gt=now)


class ReminderViewSet(IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Reminder]):
    """Recordatorios: los tuyos, y los de los equipos que supervisas. Se ponen en la oportunidad o en la conversación."""

    queryset = Reminder.objects.none()
    serializer_class = ReminderSerializer
    permission_classes = (RolePermission,)
    filterset_class = ReminderFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve"), VIEW),
        **dict.fromkeys(("done", "postpone", "cancel"), WORK),
    }
    # They open transactions of their own.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()

    def get_queryset(self) -> QuerySet[Reminder]:
        return reminders_of(current_user(self.request), Reminder.objects.all())

    @extend_schema(request=VersionSerializer, responses=ReminderSerializer)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        """Hecho."""
        row, given = self._asked(VersionSerializer)
        return self._told(
            reminders.finish(row.pk, by=current_user(request), version=given["version"], now=timezone.now())
        )

    @extend_schema(request=PostponeSerializer, responses=ReminderSerializer)
    @action(detail=True, methods=["post"])
    def postpone(self, request: Request, pk: str) -> Response:
        """Para otra hora."""
        row, given = self._asked(PostponeSerializer)
        by, now = current_user(request), timezone.now()
        return self._told(reminders.postpone(row.pk, until=given["until"], by=by, version=given["version"], now=now))

    @extend_schema(request=VersionSerializer, responses=ReminderSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ya no hace falta."""
        row, given = self._asked(VersionSerializer)
        return self._told(
            reminders.cancel(row.pk, by=current_user(request), version=given["version"], now=timezone.now())
        )

    def _asked(self, form: type[Serializer[Any]]) -> tuple[Reminder, dict[str, Any]]:
        row: Reminder = self.get_object()
        given = form(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return row, dict(given.validated_data)

    def _told(self, row: Reminder) -> Response:
        return Response(ReminderSerializer(row).data)
