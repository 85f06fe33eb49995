"""How the predecessor drew: every id in memory, what is taken left out by NOT IN, and a look afterwards at what was won."""

from __future__ import annotations

import random

from django.db import transaction
from django.utils import timezone

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from opportunities.assignment.filters import Filters
from opportunities.models import Opportunity, Promoter, Stage


def request(promoter: Promoter, filters: Filters, quantity: int, stage: Stage) -> int:
    """Twenty of all that nobody has, by lot. Only the draw and the opportunities: no quota, no key, no history."""
    now = timezone.now()
    with transaction.atomic():
        taken = list(Opportunity.objects.values_list("client_id", flat=True))
        free = Client.objects.filter(filters.condition(), gone_at__isnull=True).exclude(id__in=taken)
        ids = list(free.values_list("id", flat=True))
        chosen = random.sample(ids, min(quantity, len(ids)))
        Client.objects.filter(id__in=chosen).update(availability=Availability.TAKEN)
        Opportunity.objects.bulk_create(
            Opportunity(
                client_id=pk,
                open_client_id=pk,
                team=promoter.desk.team,
                owner=promoter,
                stage=stage,
                stage_since=now,
                state_since=now,
                created_at=now,
            )
            for pk in chosen
        )
    return len(chosen)
