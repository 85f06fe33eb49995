"""The inbox and the pool over the API: in the order of waiting, told in figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from opportunities.models import Opportunity
from tests.opportunities.api.asking import act
from tests.opportunities.api.world import World


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
