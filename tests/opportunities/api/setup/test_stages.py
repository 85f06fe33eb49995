"""The funnel over the API: stages, their timers and the routes between them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent, Stage, StageRoute
from tests.opportunities.api.world import World

STAGES = "/api/v1/stages/"


ROUTES = "/api/v1/stage-routes/"


def test_a_stage_is_made_and_retired(world: World) -> None:
    body = {"name": "Cotizada", "type": "avance", "timer_minutes": 90, "required_fields": ["monto"], "order": 7}

    made = world.post("admin", STAGES, body)
    stage = Stage.objects.get(pk=made.json()["id"])
    answer = world.client("admin").patch(f"{STAGES}{stage.pk}/", {"active": False})

    assert made.status_code == 201
    assert {name: getattr(stage, name) for name in body} == body
    assert answer.json()["active"] is False
    active = world.client("owner").get(STAGES, {"active": "true"}).json()["results"]
    assert stage.pk not in [one["id"] for one in active]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timer_minutes": 0}, "timer_minutes"),
        ({"timer_minutes": -5}, "timer_minutes"),
        ({"type": "salida", "timer_minutes": 60}, "timer_minutes"),
        ({"type": "otra"}, "type"),
        ({"name": "Nueva"}, "name"),
        ({"colour": "rojo"}, "colour"),
        ({"required_fields": "monto"}, "required_fields"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(body: dict[str, Any], field: str, world: World) -> None:
    before = Stage.objects.count()

    answer = world.post("admin", STAGES, {"name": "Cotizada", "type": "avance", **body})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert Stage.objects.count() == before


def test_a_stage_keeps_its_type(world: World) -> None:
    answer = world.client("admin").patch(f"{STAGES}{world.funnel.new.pk}/", {"type": "venta"})

    assert list(answer.json()["error"]["fields"]) == ["type"]


def test_another_timer_moves_what_runs_by_it_as_the_rehearsal_said(world: World) -> None:
    row, stage = world.one(), world.funnel.new
    world.post("owner", f"/api/v1/opportunities/{world.one().pk}/note/", {"text": "Otra"})

    told = world.post("admin", f"{STAGES}{stage.pk}/rehearse-timer/", {"timer_minutes": 90}).json()
    untouched = Opportunity.objects.get(pk=row.pk).deadline
    body = {"timer_minutes": 90, "name": "Recién llegada"}
    unread = world.client("admin").patch(f"{STAGES}{stage.pk}/", body)
    another = world.client("admin").patch(f"{STAGES}{stage.pk}/", {"timer_minutes": 80, "rehearsed": told["rehearsed"]})
    stage.refresh_from_db()
    assert [(one.status_code, one.json()["error"]["code"]) for one in (unread, another)] == [(409, "stale")] * 2
    assert (stage.timer_minutes, stage.name) == (60, "Nueva")
    world.client("admin").patch(f"{STAGES}{stage.pk}/", {**body, "rehearsed": told["rehearsed"]})

    assert (told["moved"], told["later"], told["earlier"], told["unchanged"]) == (2, 2, 0, 0)
    assert told["most_seconds_gained"] == 1_800
    assert untouched == row.deadline
    stage.refresh_from_db()
    row.refresh_from_db()
    assert (stage.timer_minutes, stage.name) == (90, "Recién llegada")
    assert untouched is not None
    assert row.deadline == untouched + dt.timedelta(minutes=30)
    event = OpportunityEvent.objects.filter(opportunity=row).latest("id")
    assert (event.kind, event.by) == (EventKind.RETIMED, world.admin)


def test_a_change_of_the_name_moves_no_clock(world: World) -> None:
    row = world.one()

    world.client("admin").patch(f"{STAGES}{world.funnel.new.pk}/", {"name": "Recién llegada"})

    assert Opportunity.objects.get(pk=row.pk).version == row.version


def test_a_stage_without_a_timer_stops_the_clocks(world: World) -> None:
    row = world.one()

    told = world.post("admin", f"{STAGES}{world.funnel.new.pk}/rehearse-timer/", {"timer_minutes": None}).json()
    world.client("admin").patch(
        f"{STAGES}{world.funnel.new.pk}/", {"timer_minutes": None, "rehearsed": told["rehearsed"]}
    )

    assert (told["stop"], told["moved"]) == (1, 0)
    assert Opportunity.objects.get(pk=row.pk).deadline is None


def test_a_route_opens_asks_for_a_reason_and_closes(world: World) -> None:
    row, funnel = world.one(), world.funnel
    made = world.post("admin", ROUTES, {"from_stage": funnel.contacted.pk, "to_stage": funnel.new.pk}).json()
    url = f"/api/v1/opportunities/{row.pk}/move/"
    world.post("owner", url, {"version": 1, "stage": funnel.contacted.pk})
    world.client("admin").patch(f"{ROUTES}{made['id']}/", {"needs_reason": True})

    without = world.post("owner", url, {"version": 2, "stage": funnel.new.pk})
    steps = world.client("owner").get(f"/api/v1/opportunities/{row.pk}/").json()["steps"]
    world.client("admin").delete(f"{ROUTES}{made['id']}/")
    closed = world.post("owner", url, {"version": 2, "stage": funnel.new.pk, "reason": "De nuevo"})

    assert (without.status_code, without.json()["error"]["code"]) == (422, "incomplete")
    assert [step["stage"]["id"] for step in steps if step["needs_reason"]] == [funnel.new.pk]
    assert (closed.status_code, closed.json()["error"]["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("ends", [("new", "contacted"), ("new", "new")])
def test_a_route_that_is_there_or_leads_nowhere_is_refused(ends: tuple[str, str], world: World) -> None:
    before = StageRoute.objects.count()
    start, end = (getattr(world.funnel, name).pk for name in ends)

    assert world.post("admin", ROUTES, {"from_stage": start, "to_stage": end}).status_code == 400
    assert StageRoute.objects.count() == before
