"""Guards that only a second try meets: twice extended, finished and worked again, taken back after others went on."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import OpportunityState
from opportunities.errors import WrongState
from opportunities.funnel import moves
from opportunities.models import BulkAction, CoolDown, DailyQuota, Opportunity
from opportunities.supervision import bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import extension
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


@pytest.fixture
def row(funnel: Funnel) -> Opportunity:
    ClientFactory()
    request_lot(PromoterFactory(), Filters(), 1, key="k", now=NOW)
    return Opportunity.objects.select_related("owner__user").get()


@pytest.fixture
def boss() -> User:
    found: User = UserFactory(role=Role.ADMINISTRATOR)
    return found


def test_an_opportunity_is_extended_once_also_in_another_stage(row: Opportunity, funnel: Funnel) -> None:
    assert row.owner is not None
    user = row.owner.user
    extension.extend(row.pk, by=user, version=1, now=NOW)
    moves.move(row.pk, funnel.contacted, by=user, version=2, now=NOW)
    with pytest.raises(WrongState, match="prórroga"):
        extension.extend(row.pk, by=user, version=3, now=NOW)
    assert findings() == []


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


def test_an_undo_leaves_what_its_receiver_went_on_with(row: Opportunity, funnel: Funnel, boss: User) -> None:
    assert row.owner is not None
    other = PromoterFactory(desk=row.owner.desk)
    bulk.reassign([row.pk], other, by=boss, now=NOW)
    moves.move(row.pk, funnel.contacted, by=other.user, version=2, now=NOW)

    report = undo(BulkAction.objects.get(), by=boss, now=NOW)

    row.refresh_from_db()
    assert set(report.refused) == {row.pk}
    assert (row.owner, row.stage, row.state) == (other, funnel.contacted, OpportunityState.ACTIVE)
    assert DailyQuota.objects.get(promoter=other).used == 1
    assert findings() == []


def test_an_undo_ends_the_rest_that_the_action_began(row: Opportunity, boss: User) -> None:
    bulk.return_to_pool([row.pk], by=boss, now=NOW)
    assert CoolDown.objects.filter(promoter=row.owner, client=row.client).exists()

    undo(BulkAction.objects.get(), by=boss, now=NOW)

    assert not CoolDown.objects.exists()
    assert findings() == []


def test_an_undo_brings_back_the_rest_that_the_action_ended(row: Opportunity, boss: User) -> None:
    assert row.owner is not None
    other = PromoterFactory(desk=row.owner.desk)
    until = NOW + dt.timedelta(days=9)
    CoolDown.objects.create(promoter=other, client=row.client, until=until)
    bulk.reassign([row.pk], other, by=boss, now=NOW)
    assert not CoolDown.objects.exists()

    undo(BulkAction.objects.get(), by=boss, now=NOW)

    assert list(CoolDown.objects.values_list("promoter", "client", "until")) == [(other.pk, row.client_id, until)]
    assert findings() == []
