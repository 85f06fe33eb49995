"""How tests ask for something to be done to an opportunity, and read what came of it."""

from __future__ import annotations

from typing import Any

from opportunities.models import Opportunity
from tests.opportunities.api.world import World

URL = "/api/v1/opportunities/"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def act(world: World, row: Opportunity, verb: str, *, who: str = "owner", key: str = "", **body: Any) -> Any:
    return world.post(who, f"{URL}{row.pk}/{verb}/", body, key=key)


def state(row: Opportunity) -> str:
    return Opportunity.objects.get(pk=row.pk).state
