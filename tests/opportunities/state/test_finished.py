"""What is finished stays finished."""

from __future__ import annotations

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.errors import WrongState
from opportunities.funnel import moves
from opportunities.models import DailyQuota, Opportunity
from opportunities.supervision import decisions
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(funnel: Funnel) -> Opportunity:
    ClientFactory()
    request_lot(PromoterFactory(), Filters(), 1, key="k", now=NOW)
    return Opportunity.objects.select_related("owner__user").get()


@pytest.fixture
def boss() -> User:
    found: User = UserFactory(role=Role.ADMINISTRATOR)
    return found


@pytest.mark.parametrize("end", ["sold", "lost"])
def test_what_is_finished_is_neither_given_nor_pooled_nor_closed_again(
    row: Opportunity, funnel: Funnel, boss: User, end: str
) -> None:
    assert row.owner is not None
    stage = getattr(funnel, end)
    moves.move(row.pk, stage, by=row.owner.user, version=1, now=NOW, data={"amount": "5"})
    other = PromoterFactory(desk=row.owner.desk)
    for verb in (
        lambda: decisions.reassign(row.pk, other, by=boss, now=NOW),
        lambda: decisions.return_to_pool(row.pk, by=boss, now=NOW),
        lambda: decisions.close(row.pk, by=boss, now=NOW, reason="Fin"),
        lambda: decisions.give_back(row.pk, by=boss, now=NOW),
    ):
        with pytest.raises(WrongState):
            verb()
    row.refresh_from_db()
    assert row.version == 2
    assert DailyQuota.objects.get(promoter=other).used == 0
    assert findings() == []
