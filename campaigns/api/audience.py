"""What the ways to add recipients over the API share: whose campaigns, who may, how often, and the dry run."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from campaigns.models import Campaign
from campaigns.policy import Act, require
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts


class QuerySerializer(Serializer[Any]):
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Cuenta qué pasaría y no escribe nada.")


class AudienceViewSet(IdempotentPosts, GenericViewSet[Campaign]):
    """Ways to add recipients to a campaign; give subclasses `needs` and their actions."""

    queryset = Campaign.objects.none()
    permission_classes = (RolePermission,)
    filter_backends = ()
    pagination_class = None
    lookup_value_regex = "[0-9]{1,18}"
    # Recipients come in by batches of their own; the same file or choice again adds only what is missing.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(self.request.user).select_related("session")

    def require_allowed(self, row: Campaign) -> None:
        require(current_user(self.request), Act.IMPORT, row)

    def dry_run(self, request: Request) -> bool:
        """Whether only a rehearsal was asked for."""
        asked = QuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given: bool = asked.validated_data["dry_run"]
        return given
