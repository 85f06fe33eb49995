"""Bulk actions over the API: the report, and what may be taken back by whom."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.models import BulkAction, Opportunity
from tests.factories.opportunities import PromoterFactory
from tests.opportunities.api.asking import act, refused, seen, state
from tests.opportunities.api.world import World


def test_a_bulk_action_reports_what_was_done_and_what_was_refused(world: World) -> None:
    exits, sold = [world.exit() for _ in range(2)], world.sold()
    ids = [*seen([*exits, sold]), f"{10**15}:1"]

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

    told = world.post("boss", "/api/v1/bulk-actions/reassign/", {"ids": seen(rows), "promoter": colleague.pk}).json()

    assert (len(told["done"]), len(told["refused"])) == (2, 1)
    assert Opportunity.objects.filter(owner=colleague).count() == 2


def test_a_bulk_action_is_undone_but_for_what_changed_since(world: World) -> None:
    rows = world.give(2)
    action = world.post("boss", "/api/v1/bulk-actions/close/", {"ids": seen(rows), "reason": "Error"}).json()["action"]
    first = Opportunity.objects.get(pk=rows[0].pk)
    Opportunity.objects.filter(pk=first.pk).update(version=first.version + 1)

    told = world.post("boss", f"/api/v1/bulk-actions/{action}/undo/").json()

    assert (told["done"], [one["opportunity"] for one in told["refused"]]) == ([rows[1].pk], [rows[0].pk])
    assert (state(rows[0]), state(rows[1])) == ("perdida", "activa")
    assert refused(world.post("boss", f"/api/v1/bulk-actions/{action}/undo/")) == (409, "wrong_state")


def test_only_its_author_undoes_it(world: World) -> None:
    action = world.bulk_action()

    assert refused(world.post("admin", f"/api/v1/bulk-actions/{action.pk}/undo/")) == (403, "not_allowed")


@pytest.mark.parametrize("ids", [None, [], ["x"], ["0:1"], [f"{10**30}:1"], [f"{pk}:1" for pk in range(1, 1_002)]])
def test_ids_that_make_no_sense_are_refused_and_nothing_is_begun(ids: Any, world: World) -> None:
    answer = world.post("boss", "/api/v1/bulk-actions/return-to-pool/", {"ids": ids})

    assert answer.status_code == 400
    assert all(name.startswith("ids") for name in answer.json()["error"]["fields"])
    assert world.client("boss").get("/api/v1/bulk-actions/").json()["results"] == []


def test_a_row_that_is_frozen_with_its_version_is_refused_once_somebody_changed_it(world: World) -> None:
    first, second = world.give(2)
    ids = [f"{first.pk}:{first.version}", f"{second.pk}:{second.version}"]
    act(world, first, "return-to-pool", who="boss", reason="Otra")

    told = world.post("boss", "/api/v1/bulk-actions/close/", {"ids": ids, "reason": "Fin"}).json()

    assert told["done"] == [second.pk]
    [refusal] = told["refused"]
    assert refusal["opportunity"] == first.pk
    assert "cambió mientras la mirabas" in refusal["reason"]


@pytest.mark.parametrize("one", ["", "x", "7:", ":1", "7:1:1", True, 0, 2**63, "7:0", "7:99999999999", [7], "7", 7])
def test_what_names_no_row_is_refused_before_anything_is_done(world: World, one: object) -> None:
    row = world.give(1)[0]

    answer = world.post("boss", "/api/v1/bulk-actions/close/", {"ids": [*seen([row]), one], "reason": "Fin"})

    assert answer.status_code == 400
    row.refresh_from_db()
    assert row.version == 1


@pytest.mark.parametrize("verb", ["reassign", "return-to-pool", "close", "give-back"])
def test_bare_ids_decide_nothing_and_the_sentence_says_what_is_missing(world: World, verb: str) -> None:
    """A program that wrote its list down in the morning would decide over what people did since."""
    row = world.exit()
    body: dict[str, Any] = {"promoter": world.promoter("colleague").pk} if verb == "reassign" else {}

    answer = world.post("boss", f"/api/v1/bulk-actions/{verb}/", {"ids": [row.pk], "reason": "Fin", **body})

    assert answer.status_code == 400
    assert "Falta la versión que viste" in answer.json()["error"]["fields"]["ids.0"][0]
    assert (Opportunity.objects.get(pk=row.pk).version, BulkAction.objects.count()) == (row.version, 0)


# --- Sharing among several ------------------------------------------------------------------------------------------------


def test_several_share_evenly_as_the_rehearsal_told(world: World) -> None:
    rows = [world.pooled() for _ in range(3)]
    colleague, third = world.promoter("colleague"), PromoterFactory(desk=world.promoter("owner").desk)
    body = {"ids": seen(rows), "promoters": [colleague.pk, third.pk]}

    shown = world.post("boss", "/api/v1/bulk-actions/reassign/rehearse/", body).json()

    assert Opportunity.objects.pool().count() == 3
    assert (shown["kept"], shown["doubtful"]) == ([], [])
    done = world.post("boss", "/api/v1/bulk-actions/reassign/", body)
    assert done.status_code == 201
    given = {
        share["promoter"]: sorted(Opportunity.objects.filter(owner=share["promoter"]).values_list("pk", flat=True))
        for share in shown["shares"]
    }
    assert given == {share["promoter"]: share["opportunities"] for share in shown["shares"]}
    assert sorted(map(len, given.values())) == [1, 2]


def test_the_rehearsal_tells_what_speaks_against_it_and_what_is_left_out_stays(world: World) -> None:
    row = world.pooled()
    body = {"ids": seen([row]), "promoters": [world.promoter("owner").pk]}

    shown = world.post("boss", "/api/v1/bulk-actions/reassign/rehearse/", body).json()
    without = {**body, "leave_out": ["descanso"]}
    kept = world.post("boss", "/api/v1/bulk-actions/reassign/rehearse/", without).json()
    done = world.post("boss", "/api/v1/bulk-actions/reassign/", without).json()

    assert shown["doubtful"] == [{"opportunity": row.pk, "concerns": ["anterior", "descanso"]}]
    assert kept["kept"] == done["refused"]
    assert "queda afuera, como pediste" in kept["kept"][0]["reason"]
    assert state(row) == "pool"


def test_the_rehearsal_says_why_not_more(world: World) -> None:
    rows, colleague = [world.exit() for _ in range(3)], world.promoter("colleague")
    colleague.daily_quota = 2
    colleague.save()

    shown = world.post(
        "boss",
        "/api/v1/bulk-actions/reassign/rehearse/",
        {"ids": seen(rows), "promoter": colleague.pk},
    ).json()

    [share] = shown["shares"]
    assert (len(share["opportunities"]), share["room"]) == (2, 2)
    assert share["limit"] == shown["kept"][0]["reason"] == f"A {colleague} le quedan 2 de su cupo de hoy."


@pytest.mark.parametrize("verb", ["reassign", "reassign/rehearse"])
@pytest.mark.parametrize(
    ("more", "field"),
    [({}, "promoter"), ({"promoters": []}, "promoter"), ({"leave_out": ["x"]}, "leave_out"), ({"who": 1}, "who")],
)
def test_a_share_that_makes_no_sense_is_refused(world: World, verb: str, more: dict[str, Any], field: str) -> None:
    row = world.exit()

    answer = world.post("boss", f"/api/v1/bulk-actions/{verb}/", {"ids": seen([row]), **more})

    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["error"]["fields"])
    assert state(row) == "salida"


def test_another_teams_people_do_not_exist_for_whoever_shares(world: World) -> None:
    row = world.exit()
    body = {"ids": seen([row]), "promoters": [world.promoter("colleague").pk, world.promoter("outsider").pk]}

    for verb in ("reassign", "reassign/rehearse"):
        assert world.post("boss", f"/api/v1/bulk-actions/{verb}/", body).status_code == 400

    hidden = world.post(
        "other_boss",
        "/api/v1/bulk-actions/reassign/rehearse/",
        {"ids": seen([row]), "promoters": [world.promoter("outsider").pk]},
    ).json()
    assert hidden["kept"] == [
        {"opportunity": row.pk, "reason": f"No tienes permiso para decidir sobre la oportunidad #{row.pk}."}
    ]
    assert state(row) == "salida"
