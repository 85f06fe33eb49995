"""Reading opportunities over the API: the client, the clock, what may follow, what happened."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from campaigns.enums import Ack, EnvioState
from leadmaster.directory.models import ContactPoint, Suppression
from opportunities.enums import EventKind, OpportunityState
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.opportunities.api.asking import URL, act
from tests.opportunities.api.world import World


def test_tells_the_client_and_every_way_to_reach_them(world: World) -> None:
    row = world.one()
    ContactPoint.objects.create(
        client=row.client, kind=ContactPoint.Kind.EMAIL, raw="ana@example.com", normalised="ana@example.com", position=1
    )
    ContactPoint.objects.create(
        client=row.client, kind=ContactPoint.Kind.PHONE, raw="pregunta por Ana", is_valid=False, position=2
    )
    second = ContactPoint.objects.create(
        client=row.client, kind=ContactPoint.Kind.PHONE, raw="x", normalised="+523399998888", position=3
    )
    Suppression.objects.create(phone=second.normalised, source=Suppression.Source.REPLY, created_at=timezone.now())

    told = world.client("owner").get(f"{URL}{row.pk}/").json()

    assert (told["client"]["id"], told["client"]["province"]) == (row.client_id, "Jalisco")
    assert [(phone["e164"], phone["silenced"]) for phone in told["reach"]["phones"]] == [
        (row.client.contacts.first().normalised, False),  # type: ignore[union-attr]  # the factory makes one
        ("+523399998888", True),
    ]
    assert told["reach"]["phones"][0]["chat"].startswith("https://wa.me/52")
    assert told["reach"]["phones"][1]["chat"] == ""
    assert (told["reach"]["mails"], told["reach"]["unusable"]) == (["ana@example.com"], ["pregunta por Ana"])


def test_tells_the_clock_and_the_steps_that_may_follow(world: World) -> None:
    row = world.one()

    told = world.client("owner").get(f"{URL}{row.pk}/").json()

    assert (told["overdue"], told["extended"], told["sale"]) == (False, False, None)
    assert 3_500 < told["seconds_left"] <= 3_600
    assert told["stage"] == {"id": world.funnel.new.pk, "name": "Nueva", "type": "inicial", "colour": "#4f46e5"}
    steps = {step["stage"]["name"]: step["required_fields"] for step in told["steps"]}
    assert steps == {"Contactada": [], "No contesta": [], "Otro momento": [], "Venta": ["amount"], "No le interesa": []}


def test_an_overdue_one_is_overdue_before_the_cron_has_come(world: World) -> None:
    row = world.overdue()

    told = world.client("owner").get(f"{URL}{row.pk}/").json()

    assert (told["state"], told["overdue"], told["seconds_left"]) == (OpportunityState.ACTIVE, True, 0)


def test_the_list_is_filtered(world: World) -> None:
    late, fresh, sold = world.overdue(), world.one(), world.sold()
    elsewhere = world.give(to="colleague")[0]
    boss = world.client("boss")

    def found(**asked: Any) -> set[int]:
        return {row["id"] for row in boss.get(URL, asked).json()["results"]}

    assert found() == {late.pk, fresh.pk, sold.pk, elsewhere.pk}
    assert found(state="ganada") == {sold.pk}
    assert found(state=["ganada", "activa"]) == found()
    assert found(overdue="true") == {late.pk}
    assert found(overdue="false") == {fresh.pk, elsewhere.pk}
    assert found(owner=world.promoter("colleague").pk) == {elsewhere.pk}
    assert found(stage=world.funnel.sold.pk) == {sold.pk}
    assert found(lot=fresh.lot_id) == {fresh.pk}
    assert found(team=world.promoter("outsider").desk.team_id) == set()
    assert found(client=late.client_id) == {late.pk}


@pytest.mark.parametrize("who", ["owner", "boss", "admin"])
def test_the_list_is_searched_by_phone_however_written_and_by_name(who: str, world: World) -> None:
    row, other = world.give(2)
    row.client.name, row.client.last_names = "Zoraida", "Quintero Paz"
    row.client.save()
    point = row.client.contacts.get()
    point.normalised = "+523315557788"
    point.save()

    def found(search: str) -> list[int]:
        return [one["id"] for one in world.client(who).get(URL, {"search": search}).json()["results"]]

    assert found("zoraida quintero") == [row.pk]
    assert found("+52 33 1555 7788") == [row.pk]
    assert found(" ") == [other.pk, row.pk]
    assert found("nadie así") == []


@pytest.mark.parametrize("asked", [{"state": "volando"}, {"owner": "x"}, {"stage": 10**30}, {"lot": -1}])
def test_a_filter_that_makes_no_sense_is_refused_by_name(asked: dict[str, Any], world: World) -> None:
    answer = world.client("owner").get(URL, asked)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(asked))


def test_history_and_timeline_tell_what_happened(world: World) -> None:
    row = world.one()
    act(world, row, "note", text="Llamar el lunes")
    act(world, row, "move", version=row.version, stage=world.funnel.contacted.pk)

    history = world.client("owner").get(f"{URL}{row.pk}/history/").json()["results"]
    timeline = world.client("owner").get(f"{URL}{row.pk}/timeline/").json()

    assert [(line["kind"], line["by"], line["reason"]) for line in history] == [
        (EventKind.MOVED, world.owner.pk, ""),
        (EventKind.NOTE, world.owner.pk, "Llamar el lunes"),
        (EventKind.ASSIGNED, world.owner.pk, ""),
    ]
    assert history[0]["from_stage"] == world.funnel.new.pk
    assert history[0]["by_name"] == str(world.owner)
    assert [line["what"] for line in timeline] == ["De “Nueva” a “Contactada”", "Nota", "Asignada"]


def test_messages_are_those_of_campaigns_that_this_person_may_see(world: World) -> None:
    row = world.one()
    phone = row.client.contacts.get().normalised
    mine = CampaignFactory.create(owner=world.owner, team=world.team)
    theirs = CampaignFactory.create(owner=world.outsider)
    sent = EnvioFactory.create(campaign=mine, phone=phone, state=EnvioState.SENT, ack=Ack.READ)
    EnvioFactory.create(campaign=mine)
    EnvioFactory.create(campaign=theirs, phone=phone)

    found = world.client("owner").get(f"{URL}{row.pk}/messages/").json()["results"]

    assert [(one["id"], one["ack"], one["text"]) for one in found] == [(sent.pk, Ack.READ, sent.text)]
