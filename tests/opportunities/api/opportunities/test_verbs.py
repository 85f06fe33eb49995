"""Working opportunities over the API: steps, sales, extensions, and what each refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Opportunity, OpportunityEvent, Sale
from tests.api_people import new_key
from tests.opportunities.api.asking import URL, act, refused, state
from tests.opportunities.api.world import World

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


def test_a_step_is_taken_back_over_the_api_wherever_it_went(world: World) -> None:
    row = world.one()
    act(world, row, "move", version=1, stage=world.funnel.pooled.pk, reason="En marzo")
    assert refused(act(world, row, "undo-step", who="boss", version=2)) == (409, "wrong_state")

    answer = act(world, row, "undo-step", version=2)

    assert answer.status_code == 200, answer.json()
    told = answer.json()
    row.refresh_from_db()
    assert (told["version"], told["state"], row.stage, row.owner) == (
        3,
        "activa",
        world.funnel.new,
        world.promoter("owner"),
    )
    assert "_before" not in world.client("owner").get(f"{URL}{row.pk}/history/").content.decode()


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
