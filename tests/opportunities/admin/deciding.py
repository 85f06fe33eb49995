"""What waits in the inbox, and how a supervisor decides about it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from opportunities.funnel import moves
from opportunities.models import Opportunity
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World

INBOX = "/admin/opportunities/opportunity/inbox/"


def exits(world: World, number: int, *, reason: str = "Llamé tres veces") -> list[Opportunity]:
    """So many that the promoter gave up."""
    return [
        moves.move(
            row.pk,
            world.funnel.no_answer,
            by=world.promoter.user,
            version=row.version,
            now=timezone.now(),
            reason=reason,
        )
        for row in world.give(number)
    ]


def ids(rows: list[Opportunity]) -> str:
    return ",".join(f"{row.pk}:{row.version}" for row in rows)


def address(verb: str, rows: list[Opportunity], **more: str) -> str:
    query = "&".join([f"ids={ids(rows)}", *(f"{key}={value}" for key, value in more.items())])
    return f"/admin/opportunities/opportunity/decide/{verb}/?{query}"


def decide(world: World, who: str, verb: str, rows: list[Opportunity], **data: Any) -> Any:
    """What the page's button sends: the rows that were frozen on it, as they were seen."""
    return browser(world, who).post(address(verb, rows, back=INBOX), {"ids": ids(rows), "reason": "", **data})


def states(rows: list[Opportunity]) -> set[str]:
    return set(Opportunity.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True))
