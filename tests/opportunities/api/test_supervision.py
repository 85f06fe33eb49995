"""What a supervisor decides over the API: one, the queues, many at once, and what the radar shows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Opportunity
from tests.opportunities.api.asking import act, refused, state
from tests.opportunities.api.world import World

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
