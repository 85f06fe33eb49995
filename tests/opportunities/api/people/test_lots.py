"""Asking for clients over the API: what is granted, what can be had, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from leadmaster.directory.models import Availability
from opportunities.enums import OpportunityState
from opportunities.models import DailyQuota, Lot, Opportunity
from tests.api_people import new_key
from tests.factories.opportunities import ClientFactory
from tests.opportunities.api.world import World

LOTS = "/api/v1/lots/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_request_grants_one_lot_with_its_opportunities(world: World) -> None:
    ClientFactory.create_batch(3)
    ClientFactory.create_batch(2, province="Sonora", city="Hermosillo")

    answer = world.post("owner", LOTS, {"quantity": 3, "filters": {"province": "Jalisco"}})

    told = answer.json()
    lot = Lot.objects.get()
    assert (answer.status_code, told["lot"], told["asked"], told["granted"], told["quota_left"]) == (
        201,
        lot.pk,
        3,
        3,
        97,
    )
    assert told["sentence"].startswith("Recibiste 3 oportunidades.")
    assert (lot.promoter, lot.filters) == (world.promoter("owner"), {"province": "Jalisco"})
    rows = Opportunity.objects.filter(lot=lot).select_related("client", "stage")
    assert {(row.client.province, row.state, row.stage) for row in rows} == {
        ("Jalisco", OpportunityState.ACTIVE, world.funnel.new)
    }


def test_a_replay_answers_with_the_same_lot_and_takes_nothing_more(world: World) -> None:
    ClientFactory.create_batch(5)
    key = new_key()

    first, again = (world.post("owner", LOTS, {"quantity": 2}, key=key) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (Lot.objects.count(), Opportunity.objects.count(), DailyQuota.objects.get().used) == (1, 2, 2)


def test_one_key_of_two_people_is_two_requests(world: World) -> None:
    ClientFactory.create_batch(4)
    key = new_key()

    lots = {world.post(who, LOTS, {"quantity": 2}, key=key).json()["lot"] for who in ("owner", "colleague")}

    assert len(lots) == 2


@pytest.mark.parametrize("key", [None, "", "x" * 65, "con espacio", "ñandú"])
def test_without_a_key_that_can_be_kept_nothing_is_granted(key: str | None, world: World) -> None:
    ClientFactory.create()
    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}

    answer = world.client("owner").post(LOTS, {"quantity": 1}, headers=headers)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["Idempotency-Key"])
    assert not Opportunity.objects.exists()


def test_fewer_than_asked_are_granted_and_told(world: World) -> None:
    ClientFactory.create_batch(2)

    told = world.post("owner", LOTS, {"quantity": 10}).json()

    assert (told["asked"], told["granted"], told["quota_left"]) == (10, 2, 98)
    assert "no había más" in told["sentence"]


@pytest.mark.parametrize(("clients", "limit", "words"), [(0, 100, "No hay clientes"), (3, 0, "usaste todo tu cupo")])
def test_nothing_to_grant_is_an_answer_and_not_an_error(clients: int, limit: int, words: str, world: World) -> None:
    ClientFactory.create_batch(clients)
    world.post("boss", f"/api/v1/promoters/{world.promoter('owner').pk}/quota/", {"limit": limit, "reason": "Prueba"})

    answer = world.post("owner", LOTS, {"quantity": 1})

    assert (answer.status_code, answer.json()["lot"], answer.json()["granted"]) == (200, None, 0)
    assert words in answer.json()["sentence"]
    assert not Lot.objects.exists()


def test_a_city_without_its_province_is_refused(world: World) -> None:
    answer = world.post("owner", LOTS, {"quantity": 1, "filters": {"city": "Zapopan"}})

    assert refused(answer) == (422, "incomplete")
    assert "provincia" in answer.json()["error"]["message"]


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.5, "x", None])
def test_a_quantity_that_makes_no_sense_is_refused_by_name(quantity: Any, world: World) -> None:
    answer = world.post("owner", LOTS, {"quantity": quantity})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["quantity"])


def test_whoever_receives_nothing_is_told_so(world: World) -> None:
    ClientFactory.create()
    promoter = world.promoter("owner")
    promoter.available = False
    promoter.save()

    assert refused(world.post("owner", LOTS, {"quantity": 1})) == (409, "unavailable")
    assert not Opportunity.objects.exists()


def test_a_lots_counts_are_of_now(world: World) -> None:
    first, second, _third = world.give(3)
    for row, stage in ((first, world.funnel.no_answer), (second, world.funnel.lost)):
        world.post("owner", f"/api/v1/opportunities/{row.pk}/move/", {"version": row.version, "stage": stage.pk})

    told = world.client("owner").get(f"{LOTS}{first.lot_id}/").json()

    assert told["counts"] == {"activa": 1, "salida": 1, "pool": 0, "ganada": 0, "perdida": 1}
    assert world.client("owner").get(LOTS).json()["results"] == [told]


def test_options_count_what_can_really_be_had_with_the_other_filters(world: World) -> None:
    ClientFactory.create_batch(3, agreement="A")
    ClientFactory.create_batch(2, agreement="B")
    ClientFactory.create(province="Sonora", city="Hermosillo", agreement="B")
    ClientFactory.create(availability=Availability.CLOSED, agreement="A")

    told = world.client("owner").get(f"{LOTS}options/", {"agreement": "B", "province": "Jalisco"}).json()

    assert told["available"] == {"value": "", "count": 2, "more": False, "label": "2"}
    options = {name: {one["value"]: one["count"] for one in found} for name, found in told["facets"].items()}
    assert options == {
        "province": {"Jalisco": 2, "Sonora": 1},
        "city": {"Guadalajara": 2},
        "agreement": {"A": 3, "B": 2},
        "client_type": {"activo": 2},
    }
