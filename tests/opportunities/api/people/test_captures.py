"""Captures over the API: one's own new client, everybody's phones, and how often one may look."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from leadmaster.directory.models import Suppression
from opportunities.enums import EventKind, Origin
from opportunities.models import Opportunity, OpportunityEvent
from tests.api_people import new_key
from tests.opportunities.api.world import World

CAPTURES = "/api/v1/captures/"


CHECK = "/api/v1/captures/phone-check/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_capture_is_worked_at_once(world: World) -> None:
    answer = world.post(
        "owner",
        CAPTURES,
        {"name": "Ana Ruiz", "phones": ["+52 33 1234 5678"], "email": "ANA@example.com", "note": "De la feria"},
    )

    row = Opportunity.objects.get(pk=answer.json()["id"])
    assert (answer.status_code, row.owner, row.origin) == (201, world.promoter("owner"), Origin.CAPTURE)
    assert answer.json()["deadline"] is not None
    contacts = set(row.client.contacts.values_list("normalised", flat=True))
    assert contacts == {"+523312345678", "ana@example.com"}
    event = OpportunityEvent.objects.get(kind=EventKind.CAPTURED)
    assert (event.by, event.reason) == (world.owner, "De la feria")


def test_a_replayed_capture_answers_with_the_same_opportunity(world: World) -> None:
    key, body = new_key(), {"name": "Ana", "phones": ["+52 33 1234 5678"]}

    told = [world.post("owner", CAPTURES, body, key=key).json() for _ in range(2)]

    assert told[0]["id"] == told[1]["id"]
    assert Opportunity.objects.count() == 1


def test_somebody_elses_client_is_refused_saying_since_when_and_not_whose(world: World) -> None:
    phone = world.give(to="colleague")[0].client.contacts.get().normalised

    answer = world.post("owner", CAPTURES, {"name": "Ana", "phones": [phone]})
    check = world.client("owner").get(CHECK, {"phone": phone}).json()

    assert refused(answer) == (409, "taken")
    said = answer.json()["error"]["message"]
    assert timezone.localdate().strftime("%d/%m/%Y") in said
    assert str(world.colleague) not in said
    assert check == {"free": False, "sentence": said, "e164": phone}
    assert Opportunity.objects.filter(owner=world.promoter("owner")).count() == 0


def test_ones_own_client_is_pointed_at(world: World) -> None:
    row = world.one()

    told = world.client("owner").get(CHECK, {"phone": row.client.contacts.get().normalised}).json()

    assert f"#{row.pk}" in told["sentence"]


def test_a_number_that_asked_for_silence_is_not_captured(world: World) -> None:
    Suppression.objects.create(phone="+523312345678", source=Suppression.Source.REPLY, created_at=timezone.now())

    answer = world.post("owner", CAPTURES, {"name": "Ana", "phones": ["+52 33 1234 5678"]})

    assert refused(answer) == (422, "incomplete")
    assert not Opportunity.objects.exists()


def test_a_free_phone_is_told_as_it_would_be_kept(world: World) -> None:
    told = world.client("owner").get(CHECK, {"phone": "+52 33 1234 5678"}).json()

    assert told == {"free": True, "sentence": "", "e164": "+523312345678"}


def test_a_supervisor_checks_a_phone_for_their_team_without_a_desk_of_their_own(world: World) -> None:
    """As people of the desk's country write it, and without being told whose it is."""
    row = world.one()
    calendar = world.promoter("owner").desk.calendar
    calendar.time_zone = "America/Argentina/Cordoba"
    calendar.save()
    phone = row.client.contacts.get().normalised

    free, taken = (world.client("boss").get(CHECK, {"phone": one}).json() for one in ("351 274-3915", phone))

    assert free == {"free": True, "sentence": "", "e164": "+5493512743915"}
    assert "ya se está trabajando desde" in taken["sentence"]
    assert str(world.owner) not in taken["sentence"]


def test_a_supervisor_of_nobody_checks_nothing(world: World) -> None:
    world.team.supervisors.clear()

    assert refused(world.client("boss").get(CHECK, {"phone": "+52 33 1234 5678"})) == (403, "not_allowed")


def test_looking_the_directory_through_by_phones_is_slowed_down(world: World) -> None:
    client = world.client("owner")

    answers = [client.get(CHECK, {"phone": f"+52 33 1234 {number:04d}"}).status_code for number in range(41)]

    assert answers == [200] * 40 + [429]
    assert client.get("/api/v1/opportunities/").status_code == 200


def test_the_days_captures_end(world: World) -> None:
    desk = world.promoter("owner").desk
    desk.daily_captures = 1
    desk.save()

    first, second = (
        world.post("owner", CAPTURES, {"name": "Ana", "phones": [f"+52 33 1234 567{number}"]}) for number in (1, 2)
    )

    assert (first.status_code, refused(second)) == (201, (409, "no_quota"))
