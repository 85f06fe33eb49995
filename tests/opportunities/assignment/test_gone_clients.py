"""A client that the source no longer has is closed to drawing, in every way in which one is drawn, and comes back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from leadmaster.directory.models import Availability, Client
from opportunities.assignment import candidates, facets
from opportunities.assignment.candidates import Place
from opportunities.assignment.filters import FACETS, Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Promoter
from opportunities.supervision import decisions
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def promoter() -> Promoter:
    Funnel()
    found: Promoter = PromoterFactory.create()
    return found


def ask(promoter: Promoter, key: str, quantity: int = 5) -> Granted:
    return request_lot(promoter, Filters(), quantity, key=key, now=NOW)


def gone(client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(gone_at=NOW)


def test_a_free_one_is_neither_drawn_nor_counted_nor_offered(promoter: Promoter) -> None:
    left, there = ClientFactory.create(city="Tonalá"), ClientFactory.create()
    gone(left)

    assert facets.count(promoter, Filters(), now=NOW) == 1
    for facet in FACETS:
        filters = Filters(province="Jalisco") if facet == "city" else Filters()
        found = facets.options(promoter, filters, facet, now=NOW)
        assert [option.count for option in found] == [1]
        assert "Tonalá" not in [option.value for option in found]
    assert ask(promoter, "1").granted == 1
    assert Opportunity.objects.get().client == there
    left.refresh_from_db()
    # The desk's own word stays: who comes back is what they were.
    assert left.availability == Availability.FREE


def test_one_that_goes_between_the_look_and_the_lock_is_passed_over(
    promoter: Promoter, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, there = ClientFactory.create(), ClientFactory.create()
    look = candidates.free

    def looked(*args: Any, **kwargs: Any) -> list[Place]:
        places = look(*args, **kwargs)
        gone(left)
        return places

    monkeypatch.setattr(candidates, "free", looked)
    assert ask(promoter, "1").granted == 1
    assert Opportunity.objects.get().client == there


def test_a_pooled_one_is_passed_over(promoter: Promoter) -> None:
    client = ClientFactory.create()
    ask(promoter, "1")
    boss = UserFactory.create(role="administrador")
    decisions.return_to_pool(Opportunity.objects.get().pk, by=boss, now=NOW)
    colleague = PromoterFactory.create(desk=promoter.desk)
    gone(client)

    assert facets.count(colleague, Filters(), now=NOW) == 0
    assert ask(colleague, "2").granted == 0
    assert Opportunity.objects.get().state == OpportunityState.POOL

    Client.objects.update(gone_at=None)
    assert ask(colleague, "3").granted == 1


def test_one_that_comes_back_is_drawn_again(promoter: Promoter) -> None:
    client = ClientFactory.create()
    gone(client)
    assert ask(promoter, "1").granted == 0
    Client.objects.update(gone_at=None)
    assert ask(promoter, "2").granted == 1


def test_what_is_being_worked_goes_on(promoter: Promoter) -> None:
    client = ClientFactory.create()
    ask(promoter, "1")
    gone(client)
    row = Opportunity.objects.get()
    assert (row.state, row.owner) == (OpportunityState.ACTIVE, promoter)
