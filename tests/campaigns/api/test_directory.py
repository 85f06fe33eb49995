"""Recipients from the directory over the API: counted, rehearsed, added, queued."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.audience.queued import run_queued
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Envio, RecipientImport
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.clock import database_now
from tests.campaigns.api.world import World
from tests.factories.directory import ClientFactory, ContactPointFactory


def client(**fields: object) -> Client:
    row: Client = ClientFactory.create(**fields)
    ContactPointFactory.create(client=row)
    return row


def post(world: World, campaign: Campaign, tail: str = "", who: str = "boss", **body: Any) -> Any:
    address = f"/api/v1/campaigns/{campaign.pk}/recipients/from-directory/{tail}"
    return world.client(who).post(address, body, format="json")


def test_the_chosen_clients_come_in_and_again_only_who_is_new(world: World) -> None:
    campaign = world.campaign(template="Hola {nombre} de {ciudad}")
    client()
    client(province="Sonora", city="Hermosillo")

    first = post(world, campaign, province="Jalisco")
    again = post(world, campaign, province="Jalisco").json()

    told = first.json()
    assert (first.status_code, told["accepted"], told["rows"], told["queued"]) == (201, 1, 1, False)
    assert (again["accepted"], again["already_there"]) == (0, 1)
    assert Envio.objects.get().text == "Hola Paula de Zapopan"
    report: Any = world.client("boss").get(told["report"])
    assert report.headers["Content-Type"] == "text/csv"


def test_how_many_there_are_is_told_before(world: World) -> None:
    client()
    client(availability=Availability.TAKEN)

    assert post(world, world.campaign(), "count/").json() == {"number": 1, "more": False}
    both = post(world, world.campaign(), "count/", availability=["tomado", "libre"]).json()
    assert both == {"number": 2, "more": False}


def test_a_rehearsal_writes_nothing(world: World) -> None:
    client()

    answer = post(world, world.campaign(), "?dry_run=true")

    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["accepted"], told["import_id"]) == (200, True, 1, None)
    assert not Envio.objects.exists()


def test_many_are_added_in_the_background_and_not_rehearsed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.audience.directory_counts.EXACT_UP_TO", 1)
    campaign = world.campaign(template="Hola")
    client()
    client()

    assert post(world, campaign, "?dry_run=true").status_code == 422
    answer = post(world, campaign)
    told = answer.json()

    assert (answer.status_code, told["queued"], told["report"]) == (202, True, None)
    run_queued(database_now())
    row = world.client("boss").get(f"/api/v1/imports/{told['import_id']}/").json()
    assert (row["state"], row["accepted"]) == ("terminada", 2)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"city": "Zapopan"}, 422, "audience"),
        ({"availability": []}, 422, "audience"),
        ({"availability": ["robado"]}, 400, "invalid"),
        ({"limit": 0}, 400, "invalid"),
    ],
)
def test_what_makes_no_sense_is_refused(body: dict[str, Any], status: int, code: str, world: World) -> None:
    client()

    answer = post(world, world.campaign(), **body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not RecipientImport.objects.exists()


def test_a_promoter_is_told_where_their_own_clients_are(world: World) -> None:
    answer = post(world, world.campaign(), who="owner")

    assert answer.status_code == 403
    assert "tus oportunidades" in answer.json()["error"]["message"]


def test_what_waits_for_approval_takes_nobody_of_the_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client()
    campaign = world.campaign(CampaignState.AWAITING_APPROVAL, template="Hola")

    at_once = post(world, campaign)
    monkeypatch.setattr("campaigns.audience.directory_counts.EXACT_UP_TO", 0)
    in_the_background = post(world, campaign)

    assert [answer.status_code for answer in (at_once, in_the_background)] == [422, 422]
    assert not Envio.objects.exists()
    assert not RecipientImport.objects.exists()
