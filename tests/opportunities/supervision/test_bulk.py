"""One row that others hold stops neither a bulk action nor its report."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from leadmaster.accounts.roles import Role
from opportunities.admin.decisions.undo_banner import undoable
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import OpportunityState
from opportunities.errors import WrongState
from opportunities.models import BulkAction, BulkItem, Opportunity
from opportunities.supervision import bulk, decisions
from opportunities.supervision import undo as undoing
from opportunities.supervision.undo import undo
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db

DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")


@pytest.fixture
def boss() -> Any:
    Funnel()
    owner = PromoterFactory()
    ClientFactory.create_batch(3)
    request_lot(owner, Filters(), 3, key="k", now=NOW)
    return UserFactory(role=Role.ADMINISTRATOR)


def busy(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, pk: int, error: OperationalError) -> None:
    real = getattr(module, name)

    def held(one: Any, **kwargs: Any) -> Any:
        if pk in (one, getattr(one, "opportunity_id", None)):
            raise error
        return real(one, **kwargs)

    monkeypatch.setattr(module, name, held)


def test_a_row_that_stays_busy_is_refused_and_the_others_are_done(boss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted(Opportunity.objects.values_list("pk", flat=True))
    busy(monkeypatch, decisions, "pool_locked", ids[1], DEADLOCK)

    report = bulk.return_to_pool(ids, by=boss, now=NOW)

    assert (report.done, set(report.refused)) == ((ids[0], ids[2]), {ids[1]})
    assert "ocupada" in BulkItem.objects.get(opportunity=ids[1]).refused
    assert Opportunity.objects.get(pk=ids[1]).state == OpportunityState.ACTIVE
    assert findings() == []


def test_what_an_undo_could_not_reach_is_left_to_the_next(boss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted(Opportunity.objects.values_list("pk", flat=True))
    bulk.return_to_pool(ids, by=boss, now=NOW)
    with monkeypatch.context() as held:
        busy(held, undoing, "_undo_item", ids[1], DEADLOCK)
        first = undo(BulkAction.objects.get(), by=boss, now=NOW)

    # The button is still there.
    assert [tally.action for tally in undoable(boss, NOW)] == [BulkAction.objects.get()]
    second = undo(BulkAction.objects.get(), by=boss, now=NOW)

    assert (first.done, set(first.refused)) == ((ids[0], ids[2]), {ids[1]})
    assert (second.done, second.refused) == ((ids[1],), {})
    assert Opportunity.objects.active().count() == 3
    assert undoable(boss, NOW) == []
    with pytest.raises(WrongState):
        undo(BulkAction.objects.get(), by=boss, now=NOW)
    assert findings() == []


def test_a_database_that_is_gone_is_no_refusal(boss: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted(Opportunity.objects.values_list("pk", flat=True))
    busy(monkeypatch, decisions, "pool_locked", ids[1], OperationalError(2006, "Server has gone away"))
    with pytest.raises(OperationalError):
        bulk.return_to_pool(ids, by=boss, now=NOW)
    assert findings() == []


def test_bulk_tells_of_ids_that_are_not_there_and_goes_on(people: People) -> None:
    row = one_of(people.owner)
    report = bulk.return_to_pool([row.pk, 10**6], by=people.boss, now=NOW)
    assert (report.done, set(report.refused)) == ((row.pk,), {10**6})
