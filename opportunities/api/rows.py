"""What every answer with opportunities needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.api import RolePermission, person
from opportunities.api.opportunity_serializers import OpportunitySerializer
from opportunities.api.scope import own_desk
from opportunities.models import Opportunity
from opportunities.querysets import OpportunityQuerySet
from opportunities.web.cards import with_all
from opportunities.web.contacts import silenced_among


def with_people(rows: OpportunityQuerySet) -> OpportunityQuerySet:
    """With client and contacts, stage, owner and sale: one query more than the rows."""
    return with_all(rows).select_related("client", "stage", "owner__user", "sale")


class Rows(GenericViewSet[Opportunity]):
    """What every answer with opportunities needs: contacts of the whole page in one query, the hour, who writes."""

    queryset = Opportunity.objects.none()
    serializer_class: type[OpportunitySerializer] = OpportunitySerializer
    permission_classes = (RolePermission,)
    lookup_value_regex = "[0-9]{1,18}"

    _prepared: dict[str, Any]

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        page: list[Any] | None = super().paginate_queryset(queryset)
        if queryset.model is Opportunity:
            self._prepared = self.prepare(page or [])
        return page

    def prepare(self, rows: Sequence[Opportunity]) -> dict[str, Any]:
        """Who writes, and which of these rows' phones asked for silence. Two queries, however many rows."""
        return {"silenced": silenced_among(rows), "sender": own_desk(person(self.request))}

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": timezone.now(), **getattr(self, "_prepared", {})}
