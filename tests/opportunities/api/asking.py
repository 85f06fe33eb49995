"""How tests ask for something to be done to an opportunity, and read what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opportunities.models import Opportunity
from tests.opportunities.api.world import World

URL = "/api/v1/opportunities/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


_DECISIONS = {"reassign", "return-to-pool", "close", "give-back"}


def seen(rows: Iterable[Opportunity]) -> list[str]:
    """As a bulk request names them, at the versions that they have now."""
    return [f"{row.pk}:{version_of(row)}" for row in rows]


def version_of(row: Opportunity) -> int:
    return Opportunity.objects.values_list("version", flat=True).get(pk=row.pk)


def act(world: World, row: Opportunity, verb: str, *, who: str = "owner", key: str = "", **body: Any) -> Any:
    """Decisions are about the row as it is now, unless the body says which version was seen."""
    if verb in _DECISIONS:
        body = {"version": version_of(row), **body}
    return world.post(who, f"{URL}{row.pk}/{verb}/", body, key=key)


def state(row: Opportunity) -> str:
    return Opportunity.objects.get(pk=row.pk).state
