"""The radar over the API."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.enums import EventKind
from tests.opportunities.api.world import World


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
