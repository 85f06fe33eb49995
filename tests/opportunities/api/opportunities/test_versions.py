"""Two supervisors, one inbox: a decision is about what its author saw."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.models import Opportunity
from tests.opportunities.api.asking import URL, act, refused, state
from tests.opportunities.api.world import World


@pytest.mark.parametrize("verb", ["reassign", "return-to-pool", "close", "give-back"])
def test_a_decision_about_what_somebody_decided_meanwhile_is_refused(verb: str, world: World) -> None:
    """The second supervisor saw it in the inbox; the first one has given it to somebody who works it now."""
    row = world.exit()
    seen = row.version
    act(world, row, "reassign", who="boss", promoter=world.promoter("colleague").pk)

    body: dict[str, Any] = {"promoter": world.promoter("owner").pk} if verb == "reassign" else {}
    answer = act(world, row, verb, who="boss", reason="Número equivocado", version=seen, **body)

    assert refused(answer) == (409, "stale")
    assert str(world.boss) in answer.json()["error"]["message"]
    assert (state(row), Opportunity.objects.get(pk=row.pk).owner) == ("activa", world.promoter("colleague"))


@pytest.mark.parametrize("verb", ["reassign", "return-to-pool", "close", "give-back"])
def test_a_decision_without_the_version_that_was_seen_is_none(verb: str, world: World) -> None:
    row = world.exit()
    body: dict[str, Any] = {"promoter": world.promoter("colleague").pk} if verb == "reassign" else {}

    answer = world.post("boss", f"{URL}{row.pk}/{verb}/", {"reason": "Número equivocado", **body})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["version"])
    assert Opportunity.objects.get(pk=row.pk).version == row.version


def test_with_the_version_that_it_has_the_decision_is_taken(world: World) -> None:
    row = world.exit()

    assert act(world, row, "close", who="boss", reason="Número equivocado", version=row.version).status_code == 200
    assert state(row) == "perdida"
