"""What every answer with opportunities needs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.requests import DescribedRequests
from opportunities.api.opportunities.serializers import OpportunitySerializer
from opportunities.models import Opportunity, Promoter
from opportunities.queries.contact_figures import last_contacts
from opportunities.queries.contacts import silenced_among
from opportunities.queries.reminders import next_reminders
from opportunities.scope import own_desk


class Rows(DescribedRequests, GenericViewSet[Opportunity]):
    """What every answer with opportunities needs: contacts of the whole page in one query, the hour, who writes."""

    queryset = Opportunity.objects.none()
    serializer_class: type[OpportunitySerializer] = OpportunitySerializer
    permission_classes = (RolePermission,)
    lookup_value_regex = "[0-9]{1,18}"

    _prepared: dict[str, Any]

    @functools.cached_property
    def desk(self) -> Promoter | None:
        """Who asks, as a promoter."""
        return own_desk(current_user(self.request))

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """A page is chosen by its ids, which an index alone gives; only the rows of that page are read.

        They are read through the same conditions: a row that changed hands in between is no longer this person's to see.
        """
        if queryset.model is not Opportunity:
            return super().paginate_queryset(queryset)
        chosen = super().paginate_queryset(queryset.only("id", "state_since")) or []
        found = queryset.with_people().in_bulk([row.pk for row in chosen])
        page = [found[row.pk] for row in chosen if row.pk in found]
        self._prepared = self.prepare(page)
        return page

    def prepare(self, rows: Sequence[Opportunity]) -> dict[str, Any]:
        """Who writes, which of these rows' phones asked for silence, the last contact and the next reminder of each.
        However many rows, five queries at the most."""
        ids = [row.pk for row in rows]
        return {
            "silenced": silenced_among(rows),
            "sender": self.desk,
            "contacts": last_contacts(ids),
            "reminders": next_reminders(ids),
        }

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": timezone.now(), **getattr(self, "_prepared", {})}
