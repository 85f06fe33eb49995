"""Two supervisors, one inbox: a decision is about what its author saw."""

from __future__ import annotations

from typing import Any

import pytest

from opportunities.models import Opportunity
from tests.opportunities.api.asking import act, refused, state
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


def test_with_the_version_that_it_has_the_decision_is_taken(world: World) -> None:
    row = world.exit()

    assert act(world, row, "close", who="boss", reason="Número equivocado", version=row.version).status_code == 200
    assert state(row) == "perdida"
