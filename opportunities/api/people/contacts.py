"""Calls and chats over the API: a press, what came of it, and what was told about others."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import scope
from leadmaster.lib.api.filters import ChoicesFilter, IdFilter
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.opportunities.coming_back import ContactSerializer, ResultSerializer
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact
from opportunities.models import ContactAttempt
from opportunities.policy import WORK

VIEW = "opportunities.view_opportunity"


class ContactFilter(django_filters.FilterSet):
    opportunity = IdFilter(field_name="opportunity_id")
    by = IdFilter(field_name="by_id", help_text="La persona que llamó o escribió.")
    channel = filters.ChoiceFilter(choices=ContactChannel.choices)
    outcome = ChoicesFilter(choices=ContactOutcome.choices)

    class Meta:
        model = ContactAttempt
        fields = ()


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

    def require_allowed(self, row: ContactAttempt) -> None:
        if self.action == "outcome":
            contact.require_author(row, current_user(self.request))

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
