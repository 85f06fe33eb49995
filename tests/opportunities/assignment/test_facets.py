"""What the filter options say, against a walk through everybody that asks each question of each client."""

from __future__ import annotations

import collections
import datetime as dt
import itertools

import pytest

from leadmaster.directory.models import Client, ContactPoint, Suppression
from opportunities.assignment import facets
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import CoolDown, Opportunity, Promoter
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
CHOSEN = (
    Filters(),
    Filters(province="Jalisco"),
    Filters(province="Jalisco", city="Tonalá"),
    Filters(agreement="A1"),
    Filters(client_type="activo"),
    Filters(province="Puebla", agreement="A0"),
    Filters(province="Puebla", city="Tonalá", agreement="A1", client_type="baja"),
)


@pytest.fixture
def promoter() -> Promoter:
    """A hundred and sixty clients: of each kind some are gone, rest for this promoter or for another one, rested, opted
    out by one or by two of their phones, both rest and opted out, lie in the pool, or are somebody's."""
    Funnel()
    mine: Promoter = PromoterFactory.create()
    other = PromoterFactory.create(desk=mine.desk)
    kinds = itertools.product(("Jalisco", "Puebla"), ("Tonalá", ""), ("A0", "A1"), ("activo", "baja"), range(10))
    for province, city, agreement, client_type, number in kinds:
        client = ClientFactory.create(province=province, city=city, agreement=agreement, client_type=client_type)
        _make(client, number, mine, other)
    return mine


def _make(client: Client, number: int, mine: Promoter, other: Promoter) -> None:
    if number == 0:
        Client.objects.filter(pk=client.pk).update(gone_at=NOW)
    if number in {1, 2}:
        CoolDown.objects.create(promoter=mine, client=client, until=NOW + dt.timedelta(hours=1))
    if number == 3:
        CoolDown.objects.create(promoter=mine, client=client, until=NOW)
        CoolDown.objects.create(promoter=other, client=client, until=NOW + dt.timedelta(days=1))
    if number in {2, 4, 5}:
        _opt_out(client.contacts.get().normalised)
    if number == 5:
        second = f"+5255{client.pk:08d}"
        ContactPoint.objects.create(client=client, kind="telefono", raw=second, normalised=second)
        _opt_out(second)
    if number in {6, 7}:
        Client.objects.filter(pk=client.pk).update(availability="pool")
        Opportunity.objects.create(
            client=client,
            open_client=client,
            team=(mine if number == 6 else PromoterFactory.create()).desk.team,
            state="pool",
            stage_since=NOW,
            state_since=NOW,
            created_at=NOW,
        )
    if number == 8:
        Client.objects.filter(pk=client.pk).update(availability="tomado")


def _opt_out(phone: str) -> None:
    Suppression.objects.create(phone=phone, source="respuesta", created_at=NOW)


def may_have(promoter: Promoter, client: Client) -> bool:
    theirs = client.availability == "libre" or (
        client.availability == "pool" and client.open_opportunity.team_id == promoter.desk.team_id
    )
    resting = CoolDown.objects.filter(promoter=promoter, client=client, until__gt=NOW).exists()
    phones = client.contacts.values_list("normalised", flat=True)
    return theirs and client.gone_at is None and not resting and not Suppression.objects.among(phones)


def test_every_facet_says_what_a_walk_through_everybody_finds(promoter: Promoter) -> None:
    available = [client for client in Client.objects.all() if may_have(promoter, client)]
    assert len(available) == 3 * 16
    for filters, facet in itertools.product(CHOSEN, FACETS):
        others = filters.without(facet).as_dict()
        if facet == "city" and "province" not in others:
            continue
        walked = collections.Counter(
            getattr(client, facet)
            for client in available
            if all(getattr(client, name) == value for name, value in others.items())
        )
        del walked[""]
        found = facets.options(promoter, filters, facet, now=NOW)
        assert {option.value: option.count for option in found} == walked, (filters, facet)
        assert not any(option.more for option in found)


def test_the_count_of_all_filters_is_what_a_walk_finds(promoter: Promoter) -> None:
    available = [client for client in Client.objects.all() if may_have(promoter, client)]
    for filters in CHOSEN:
        wanted = filters.as_dict().items()
        walked = [one for one in available if all(getattr(one, name) == value for name, value in wanted)]
        assert facets.count(promoter, filters, now=NOW) == len(walked), filters


def test_plenty_is_told_beside_few_that_are_counted(promoter: Promoter, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of twenty instead of a thousand. Tonalá would have enough without those who rest."""
    monkeypatch.setattr(facets, "EXACT_UP_TO", 20)
    monkeypatch.setattr(facets, "_PLENTY", 40)
    monkeypatch.setattr(facets, "_ENOUGH", 21)
    ClientFactory.create_batch(30, province="Jalisco", agreement="A0")

    found = {
        option.value: (option.count, option.more) for option in facets.options(promoter, Filters(), "province", now=NOW)
    }
    assert found == {"Jalisco": (20, True), "Puebla": (20, True)}
    cities = facets.options(promoter, Filters(province="Jalisco"), "city", now=NOW)
    assert {option.value: (option.count, option.more) for option in cities} == {
        "Guadalajara": (20, True),
        "Tonalá": (12, False),
    }
