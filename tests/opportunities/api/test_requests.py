"""Asking for clients, what can be had, the day's quota, and captures over the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from leadmaster.directory.models import Availability, Suppression
from opportunities.enums import EventKind, OpportunityState, Origin, QuotaKind
from opportunities.models import DailyQuota, Lot, Opportunity, OpportunityEvent, QuotaEntry
from tests.factories.opportunities import ClientFactory
from tests.opportunities.api.world import World, new_key

LOTS = "/api/v1/lots/"
CAPTURES = "/api/v1/captures/"
CHECK = "/api/v1/captures/phone-check/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- A lot ------------------------------------------------------------------------------------------------------------


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


# --- What can be had --------------------------------------------------------------------------------------------------


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


# --- Quotas -----------------------------------------------------------------------------------------------------------


def test_today_tells_what_could_still_be_had(world: World) -> None:
    world.give(4)

    told = world.client("owner").get("/api/v1/quotas/today/").json()

    assert told == {"limit": 100, "used": 4, "room": 196, "left": 96, "full": False}


def test_a_correction_is_a_line_of_the_ledger(world: World) -> None:
    world.give(2)
    promoter = world.promoter("owner")

    told = world.post("boss", f"/api/v1/promoters/{promoter.pk}/quota/", {"limit": 5, "reason": "Feria"}).json()

    assert (told["limit"], told["used"], told["left"]) == (5, 2, 3)
    lines = world.client("boss").get(f"/api/v1/quotas/{told['id']}/entries/").json()["results"]
    assert [(line["kind"], line["amount"], line["by"], line["reason"]) for line in lines] == [
        (QuotaKind.LIMIT, -95, world.boss.pk, "Feria"),
        (QuotaKind.GRANT, 2, world.owner.pk, ""),
    ]
    assert lines[1]["lot"] == Lot.objects.get().pk


@pytest.mark.parametrize("body", [{"limit": 5}, {"limit": 5, "reason": " "}, {"limit": -1, "reason": "x"}])
def test_a_correction_needs_a_reason_and_a_limit(body: dict[str, Any], world: World) -> None:
    answer = world.post("boss", f"/api/v1/promoters/{world.promoter('owner').pk}/quota/", body)

    assert answer.status_code == 400
    assert not QuotaEntry.objects.exists()


def test_promoters_are_told_with_load_quota_and_absence(world: World) -> None:
    world.give(3)
    today = timezone.now().date().isoformat()
    body = {"promoter": world.promoter("colleague").pk, "starts_on": today, "ends_on": today, "policy": "pausar"}
    world.post("boss", "/api/v1/absences/", body)

    found = world.client("boss").get("/api/v1/promoters/").json()["results"]

    told = {one["user"]: (one["active"], one["capacity"], one["used"], one["limit"], one["absent"]) for one in found}
    assert told == {world.owner.pk: (3, 200, 3, 100, False), world.colleague.pk: (0, 200, 0, 100, True)}
    one = world.client("boss").get(f"/api/v1/promoters/{world.promoter('owner').pk}/").json()
    assert one == next(row for row in found if row["user"] == world.owner.pk)


# --- Captures ---------------------------------------------------------------------------------------------------------


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


# --- Absences ---------------------------------------------------------------------------------------------------------


def test_an_absence_is_announced_and_called_off(world: World) -> None:
    row = world.absence(days=2)

    found = world.client("boss").get("/api/v1/absences/", {"on": row.starts_on.isoformat()}).json()["results"]
    answer = world.post("boss", f"/api/v1/absences/{row.pk}/call-off/")

    assert [one["id"] for one in found] == [row.pk]
    assert answer.json()["ended_at"] is not None
    assert refused(world.post("boss", f"/api/v1/absences/{row.pk}/call-off/")) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("days", "code"), [((2, 1), (422, "incomplete")), ((-3, -2), (409, "wrong_state")), ((1, 3), (409, "wrong_state"))]
)
def test_an_absence_of_days_that_make_no_sense_is_refused(
    days: tuple[int, int], code: tuple[int, str], world: World
) -> None:
    world.absence(days=2)
    starts, ends = ((timezone.now().date() + dt.timedelta(days=day)).isoformat() for day in days)

    body = {"promoter": world.promoter("owner").pk, "starts_on": starts, "ends_on": ends, "policy": "redistribuir"}

    assert refused(world.post("boss", "/api/v1/absences/", body)) == code
