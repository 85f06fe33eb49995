"""What a supervisor decides over the API about one opportunity: to whom, within which quota, and why."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from tests.opportunities.api.asking import act, refused, state
from tests.opportunities.api.world import World


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
