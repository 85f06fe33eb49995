"""A promoter whose account opens the admin all the same finds no page of the desk there."""

from __future__ import annotations

import pytest
from django.utils import timezone

from opportunities.enums import OpportunityState
from opportunities.models import BulkAction, Lot, Opportunity
from opportunities.supervision import bulk
from tests.company import let_into_the_admin
from tests.opportunities.admin.rules import ask
from tests.opportunities.web.conftest import World

# Every address once on a server too.
pytestmark = pytest.mark.every_database

DESK = "/admin/opportunities"


@pytest.mark.parametrize(
    "path",
    [
        "opportunity/",
        "opportunity/{row}/change/",
        "opportunity/inbox/",
        "opportunity/pool/",
        "opportunity/pool/figures/",
        "opportunity/pool/draw/?number=1",
        "opportunity/decide/reassign/?ids={row}",
        "opportunity/decide/give-back/?ids={row}",
        "opportunity/decide/pool/?ids={row}",
        "opportunity/decide/close/?ids={row}",
        "opportunity/{row}/extend/",
        "lot/",
        "lot/{lot}/change/",
        "bulkaction/",
        "bulkaction/{action}/change/",
        "bulkaction/{action}/undo/",
    ],
)
def test_a_promoter_in_the_admin_sees_and_does_nothing(world: World, path: str) -> None:
    row, other = world.give(2)
    bulk.return_to_pool([other.pk], by=world.supervisor, now=timezone.now())
    let_into_the_admin(world.promoter.user)
    url = f"{DESK}/{path}".format(row=row.pk, lot=Lot.objects.get().pk, action=BulkAction.objects.get().pk)
    data = {"ids": row.pk, "reason": "x", "receiver": world.colleague.pk}

    assert ask(world, "promoter", url) in {403, 404}
    assert ask(world, "promoter", url, "post", data) in {403, 404}
    assert set(Opportunity.objects.values_list("pk", "state")) == {
        (row.pk, OpportunityState.ACTIVE),
        (other.pk, OpportunityState.POOL),
    }
