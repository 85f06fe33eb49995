"""An extension is granted once."""

from __future__ import annotations

import pytest

from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.errors import WrongState
from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.timers import extension
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(funnel: Funnel) -> Opportunity:
    ClientFactory()
    request_lot(PromoterFactory(), Filters(), 1, key="k", now=NOW)
    return Opportunity.objects.select_related("owner__user").get()


def test_an_opportunity_is_extended_once_also_in_another_stage(row: Opportunity, funnel: Funnel) -> None:
    assert row.owner is not None
    user = row.owner.user
    extension.extend(row.pk, by=user, version=1, now=NOW)
    moves.move(row.pk, funnel.contacted, by=user, version=2, now=NOW)
    with pytest.raises(WrongState, match="prórroga"):
        extension.extend(row.pk, by=user, version=3, now=NOW)
    assert findings() == []
