"""Working opportunities over the API: reading them, each verb, and what it refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from campaigns.enums import Ack, EnvioState
from leadmaster.directory.models import ContactPoint, Suppression
from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Opportunity, OpportunityEvent, Sale
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.opportunities.api.world import World, new_key

URL = "/api/v1/opportunities/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def act(world: World, row: Opportunity, verb: str, *, who: str = "owner", key: str = "", **body: Any) -> Any:
    return world.post(who, f"{URL}{row.pk}/{verb}/", body, key=key)


def state(row: Opportunity) -> str:
    return Opportunity.objects.get(pk=row.pk).state


# --- Reading ----------------------------------------------------------------------------------------------------------


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


# --- Moving -----------------------------------------------------------------------------------------------------------


def test_a_step_is_taken_and_answers_where_it_is_now(world: World) -> None:
    row = world.one()

    told = act(world, row, "move", version=1, stage=world.funnel.contacted.pk, data={"presupuesto": 12000}).json()

    row.refresh_from_db()
    assert (told["id"], told["version"], told["stage"], told["state"]) == (
        row.pk,
        2,
        world.funnel.contacted.pk,
        "activa",
    )
    assert row.data == {"presupuesto": "12000"}
    assert dt.datetime.fromisoformat(told["deadline"]) == row.deadline


def test_the_second_of_two_is_told_what_changed_and_by_whom(world: World) -> None:
    row = world.one()
    act(world, row, "move", who="boss", version=1, stage=world.funnel.contacted.pk)

    answer = act(world, row, "move", version=1, stage=world.funnel.no_answer.pk)

    assert refused(answer) == (409, "stale")
    said = answer.json()["error"]["message"]
    assert "cambio de etapa" in said
    assert str(world.boss) in said
    assert Opportunity.objects.get(pk=row.pk).stage == world.funnel.contacted


def test_a_repetition_with_the_same_key_is_no_second_step(world: World) -> None:
    row, key = world.one(), new_key()
    body = {"version": 1, "stage": world.funnel.contacted.pk}

    first, again = (act(world, row, "move", key=key, **body) for _ in range(2))

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replay"] == "true"
    assert OpportunityEvent.objects.filter(opportunity=row, kind=EventKind.MOVED).count() == 1


def test_what_leaves_for_the_pool_is_out_of_its_owners_sight(world: World) -> None:
    row = world.one()

    told = act(world, row, "move", version=1, stage=world.funnel.pooled.pk, reason="En marzo").json()

    assert (told["state"], told["owner"]) == ("pool", None)
    assert "reach" not in told
    assert world.client("owner").get(f"{URL}{row.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"stage": "new"}, (409, "wrong_state")),
        ({"stage": "sold"}, (422, "incomplete")),
        ({"stage": 10**12}, (400, "invalid")),
        ({"stage": "contacted", "version": 0}, (400, "invalid")),
        ({"stage": "contacted", "data": {"x": {"y": 1}}}, (400, "invalid")),
        ({"stage": "contacted", "data": {"\x00": "1"}}, (400, "invalid")),
        ({"stage": "contacted", "data": {str(number): "x" * 300 for number in range(20)}}, (422, "incomplete")),
    ],
)
def test_a_step_that_cannot_be_taken_changes_nothing(
    body: dict[str, Any], expected: tuple[int, str], world: World
) -> None:
    row = world.one()
    if isinstance(body["stage"], str):
        body = {**body, "stage": getattr(world.funnel, body["stage"]).pk}

    assert refused(act(world, row, "move", **{"version": 1, **body})) == expected
    assert Opportunity.objects.get(pk=row.pk).version == 1


@pytest.mark.parametrize("data", [r'{"\ud800": "1"}', r'{"x": "\ud800"}', '{"": "1"}'])
def test_text_that_no_column_keeps_is_refused(data: str, world: World) -> None:
    row = world.one()
    body = f'{{"version": 1, "stage": {world.funnel.contacted.pk}, "data": {data}}}'

    answer = world.client("owner").generic("POST", f"{URL}{row.pk}/move/", body, content_type="application/json")

    assert refused(answer) == (400, "invalid")


def test_its_owner_does_not_move_what_is_overdue(world: World) -> None:
    row = world.overdue()

    assert refused(act(world, row, "move", version=1, stage=world.funnel.contacted.pk)) == (409, "wrong_state")


# --- Selling ----------------------------------------------------------------------------------------------------------


def test_a_sale_is_recorded_once_whatever_is_repeated(world: World) -> None:
    row = world.one()
    body: dict[str, Any] = {"version": 1, "amount": "1250.50", "product": "Plan A", "reference": "F-1"}

    first, again = (act(world, row, "sale", **body) for _ in range(2))

    sale = Sale.objects.get()
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json() == {
        "id": sale.pk,
        "opportunity": row.pk,
        "promoter": world.promoter("owner").pk,
        "amount": "1250.50",
        "product": "Plan A",
        "reference": "F-1",
        "at": timezone.localtime(sale.at).isoformat(),
        "by": world.owner.pk,
    }
    assert state(row) == OpportunityState.WON
    assert world.client("owner").get(f"{URL}{row.pk}/").json()["sale"] == first.json()


def test_another_sale_is_refused_with_who_and_when(world: World) -> None:
    row = world.one()
    act(world, row, "sale", version=1, amount="100")

    answer = act(world, row, "sale", who="boss", version=2, amount="200")

    assert refused(answer) == (409, "already_sold")
    said = answer.json()["error"]["message"]
    assert str(world.owner) in said
    assert timezone.localdate().strftime("%d/%m/%Y") in said
    assert str(Sale.objects.get().amount) == "100.00"


def test_what_is_in_the_inbox_is_not_sold(world: World) -> None:
    row = world.exit()

    assert refused(act(world, row, "sale", version=row.version, amount="100")) == (409, "wrong_state")
    assert not Sale.objects.exists()


@pytest.mark.parametrize("amount", [None, "", "mucho", "-1", "NaN", "1e400", "12.345", "9" * 13])
def test_an_amount_that_is_none_is_refused_by_name(amount: Any, world: World) -> None:
    row = world.one()

    answer = act(world, row, "sale", version=1, amount=amount)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["amount"])
    assert state(row) == OpportunityState.ACTIVE


# --- The clock --------------------------------------------------------------------------------------------------------


def test_one_extension_and_no_second(world: World) -> None:
    row = world.one()
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() + dt.timedelta(minutes=5))

    told = act(world, row, "extend", version=1).json()

    assert told["extended"] is True
    left = Opportunity.objects.get(pk=row.pk).deadline - timezone.now()  # type: ignore[operator]  # it has a clock
    assert left > dt.timedelta(minutes=59)
    assert refused(act(world, row, "extend", version=2)) == (409, "wrong_state")


def test_the_weeks_extensions_end(world: World) -> None:
    desk = world.promoter("owner").desk
    desk.weekly_extensions = 1
    desk.save()
    first, second = world.give(2)

    assert act(world, first, "extend", version=1).status_code == 200
    assert refused(act(world, second, "extend", version=1)) == (409, "no_quota")


# --- The supervisor ---------------------------------------------------------------------------------------------------


def test_a_supervisor_reassigns_and_the_quota_shows_it(world: World) -> None:
    row, colleague = world.exit(), world.promoter("colleague")

    told = act(world, row, "reassign", who="boss", promoter=colleague.pk, reason="Habla portugués").json()

    assert (told["owner"], told["state"], told["attempts"]) == (colleague.pk, "activa", 2)
    quota = world.client("boss").get("/api/v1/quotas/", {"promoter": colleague.pk}).json()["results"][0]
    assert quota["used"] == 1


@pytest.mark.parametrize(
    ("make", "change", "expected"),
    [
        (World.sold, {}, (409, "wrong_state")),
        (World.exit, {"daily_quota": 0}, (409, "no_quota")),
        (World.exit, {"capacity": 0}, (409, "no_quota")),
        (World.exit, {"available": False}, (409, "unavailable")),
    ],
)
def test_a_reassignment_that_cannot_be_is_refused(
    make: Any, change: dict[str, Any], expected: tuple[int, str], world: World
) -> None:
    row, colleague = make(world), world.promoter("colleague")
    for name, value in change.items():
        setattr(colleague, name, value)
    colleague.save()

    assert refused(act(world, row, "reassign", who="boss", promoter=colleague.pk)) == expected
    assert Opportunity.objects.get(pk=row.pk).version == row.version


def test_an_administrator_passes_the_quota_with_a_reason_and_the_ledger_tells(world: World) -> None:
    row, colleague = world.exit(), world.promoter("colleague")
    colleague.daily_quota = 0
    colleague.save()
    body: dict[str, Any] = {"promoter": colleague.pk, "over_quota": True}

    assert refused(act(world, row, "reassign", who="admin", **body)) == (422, "incomplete")
    act(world, row, "reassign", who="admin", reason="Se fue Ana", **body)

    quota = world.client("admin").get("/api/v1/quotas/", {"promoter": colleague.pk}).json()["results"][0]
    lines = world.client("admin").get(f"/api/v1/quotas/{quota['id']}/entries/").json()["results"]
    assert [(line["kind"], line["amount"], line["reason"]) for line in lines] == [
        ("reasignacion", 1, "Se fue Ana"),
        ("limite", 1, "Se fue Ana"),
    ]


def test_the_inbox_is_decided(world: World) -> None:
    back, away, closed = (world.exit() for _ in range(3))

    act(world, back, "give-back", who="boss")
    act(world, away, "return-to-pool", who="boss", reason="Otro intento")
    act(world, closed, "close", who="boss", reason="Número equivocado")

    assert [state(row) for row in (back, away, closed)] == ["activa", "pool", "perdida"]
    assert world.client("boss").get("/api/v1/inbox/").json()["results"] == []
    assert refused(act(world, back, "give-back", who="boss")) == (409, "wrong_state")
    assert refused(act(world, away, "return-to-pool", who="boss")) == (409, "wrong_state")
    assert refused(act(world, closed, "close", who="boss", reason="Otra vez")) == (409, "wrong_state")


def test_closing_needs_a_reason(world: World) -> None:
    row = world.one()

    answer = act(world, row, "close", who="boss", reason="  ")

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["reason"])
    assert state(row) == OpportunityState.ACTIVE


def test_what_is_given_back_to_somebody_who_left_is_refused(world: World) -> None:
    row = world.exit()
    world.owner.is_active = False
    world.owner.save()

    assert refused(act(world, row, "give-back", who="boss")) == (409, "unavailable")


# --- The queues -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("queue", "make"), [("inbox", World.exit), ("pool", World.pooled)])
def test_a_queue_comes_in_the_order_of_waiting_and_loses_nobody(queue: str, make: Any, world: World) -> None:
    rows = [make(world) for _ in range(5)]
    moment = timezone.now() - dt.timedelta(days=3)
    # The first two came in the same moment, and the last made waits longest.
    Opportunity.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).update(state_since=moment)
    Opportunity.objects.filter(pk=rows[4].pk).update(state_since=moment - dt.timedelta(days=1))
    client = world.client("boss")

    page, seen = client.get(f"/api/v1/{queue}/", {"page_size": 2}).json(), []
    while True:
        seen += [row["id"] for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()

    assert seen == [rows[position].pk for position in (4, 0, 1, 2, 3)]


@pytest.mark.parametrize("cursor", ["garbage", "cD1hYmM=", "cD0yMDI2LTk5LTk5", "cD0yMDI2LTAxLTAx", "bz0tMQ=="])
def test_a_cursor_of_somebody_else_is_no_server_error(cursor: str, world: World) -> None:
    assert world.client("boss").get("/api/v1/inbox/", {"cursor": cursor}).status_code in (200, 404)


def test_the_inbox_tells_why_since_when_and_the_last_words(world: World) -> None:
    row = world.exit()
    act(world, row, "note", text="Pidió que lo llamen en marzo")

    told = world.client("boss").get("/api/v1/inbox/").json()["results"][0]

    assert (told["exit_reason"], told["attempts"], told["owner"]["id"]) == ("No contesta", 1, row.owner_id)
    assert dt.datetime.fromisoformat(told["state_since"]) == row.state_since
    assert told["last"]["text"] == "Pidió que lo llamen en marzo"


def test_the_pool_is_told_in_figures_by_facet(world: World) -> None:
    rows = [world.pooled() for _ in range(3)]
    rows[0].client.province = "Sonora"
    rows[0].client.save()
    since = timezone.now() - dt.timedelta(days=9)
    Opportunity.objects.filter(pk=rows[1].pk).update(state_since=since)
    client = world.client("boss")

    told = client.get("/api/v1/pool/figures/", {"by": "province"}).json()

    assert (told["total"], told["cut"]) == (3, False)
    assert told["values"] == [{"value": "Jalisco", "count": 2}, {"value": "Sonora", "count": 1}]
    assert dt.datetime.fromisoformat(told["oldest"]) == since
    assert [age["count"] for age in told["ages"] if age["count"]] == [2, 1]
    assert client.get("/api/v1/pool/figures/", {"by": "color"}).status_code == 400
    assert world.client("other_boss").get("/api/v1/pool/figures/").json()["total"] == 0


# --- In bulk ----------------------------------------------------------------------------------------------------------


def test_a_bulk_action_reports_what_was_done_and_what_was_refused(world: World) -> None:
    exits, sold = [world.exit() for _ in range(2)], world.sold()
    ids = [exits[0].pk, exits[1].pk, sold.pk, 10**15]

    answer = world.post("boss", "/api/v1/bulk-actions/return-to-pool/", {"ids": ids, "reason": "Fin de mes"})

    told = answer.json()
    assert (answer.status_code, told["done"]) == (201, [row.pk for row in exits])
    assert {one["opportunity"] for one in told["refused"]} == {sold.pk, 10**15}
    assert all(one["reason"] for one in told["refused"])
    listed = world.client("boss").get("/api/v1/bulk-actions/").json()["results"]
    assert [(one["id"], one["kind"], one["reason"]) for one in listed] == [(told["action"], "al_pool", "Fin de mes")]
    items = world.client("boss").get(f"/api/v1/bulk-actions/{told['action']}/items/").json()["results"]
    assert {one["opportunity"]: bool(one["refused"]) for one in items} == {
        exits[0].pk: False,
        exits[1].pk: False,
        sold.pk: True,
    }


def test_a_bulk_reassignment_goes_as_far_as_the_quota(world: World) -> None:
    rows, colleague = [world.exit() for _ in range(3)], world.promoter("colleague")
    colleague.daily_quota = 2
    colleague.save()

    told = world.post(
        "boss", "/api/v1/bulk-actions/reassign/", {"ids": [row.pk for row in rows], "promoter": colleague.pk}
    ).json()

    assert (len(told["done"]), len(told["refused"])) == (2, 1)
    assert Opportunity.objects.filter(owner=colleague).count() == 2


def test_a_bulk_action_is_undone_but_for_what_changed_since(world: World) -> None:
    rows = world.give(2)
    action = world.post(
        "boss", "/api/v1/bulk-actions/close/", {"ids": [row.pk for row in rows], "reason": "Error"}
    ).json()["action"]
    first = Opportunity.objects.get(pk=rows[0].pk)
    Opportunity.objects.filter(pk=first.pk).update(version=first.version + 1)

    told = world.post("boss", f"/api/v1/bulk-actions/{action}/undo/").json()

    assert (told["done"], [one["opportunity"] for one in told["refused"]]) == ([rows[1].pk], [rows[0].pk])
    assert (state(rows[0]), state(rows[1])) == ("perdida", "activa")
    assert refused(world.post("boss", f"/api/v1/bulk-actions/{action}/undo/")) == (409, "wrong_state")


def test_only_its_author_undoes_it(world: World) -> None:
    action = world.bulk_action()

    assert refused(world.post("admin", f"/api/v1/bulk-actions/{action.pk}/undo/")) == (403, "not_allowed")


@pytest.mark.parametrize("ids", [None, [], ["x"], [0], [10**30], list(range(1, 1_002))])
def test_ids_that_make_no_sense_are_refused_and_nothing_is_begun(ids: Any, world: World) -> None:
    answer = world.post("boss", "/api/v1/bulk-actions/return-to-pool/", {"ids": ids})

    assert answer.status_code == 400
    assert all(name.startswith("ids") for name in answer.json()["error"]["fields"])
    assert world.client("boss").get("/api/v1/bulk-actions/").json()["results"] == []


def test_the_radar_counts_each_promoters_exits_and_shows_what_is_behind(world: World) -> None:
    row = world.exit()
    world.post("owner", "/api/v1/captures/", {"name": "Ana", "phones": ["+52 33 1234 5678"]})
    owner = world.promoter("owner").pk
    lines = "/api/v1/radar/lines/"
    asked: dict[str, Any] = {"promoter": owner, "figure": "rapidas"}

    told = world.client("boss").get("/api/v1/radar/", {"days": 3}).json()
    behind = world.client("boss").get(lines, asked).json()["results"]

    assert [(one["promoter"], one["exits"], one["fast_exits"], one["captured"]) for one in told] == [(owner, 1, 1, 1)]
    assert (told[0]["fast_share"], told[0]["known_captures"]) == (1.0, 0)
    last = row.events.latest("id")
    assert [(one["id"], one["kind"], one["by"]) for one in behind] == [(last.pk, EventKind.EXITED, world.owner.pk)]
    assert world.client("other_boss").get("/api/v1/radar/").json() == []
    assert world.client("other_boss").get(lines, asked).json()["results"] == []


@pytest.mark.parametrize("asked", [{"days": 0}, {"days": 93}, {"days": "x"}])
def test_a_period_that_makes_no_sense_is_refused_by_name(asked: dict[str, str], world: World) -> None:
    answer = world.client("boss").get("/api/v1/radar/", asked)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["days"])
