"""Who answered a campaign: whose last words came after it, of all campaigns, had written to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from campaigns.enums import CONVERSATION_OPEN
from campaigns.models import Campaign, Conversation

MOST = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answered:
    """How many people, and how many of them nobody has attended to."""

    people: int = 0
    waiting: int = 0


def answered(campaign_ids: Collection[int]) -> dict[int, Answered]:
    """Of each of these campaigns. One query over the index on a campaign's conversations."""
    rows = Conversation.objects.filter(campaign__in=campaign_ids).order_by().values_list("campaign")
    counted = rows.annotate(people=Count("pk"), waiting=Count("pk", filter=Q(state__in=CONVERSATION_OPEN)))
    found = {pk: Answered(people=people, waiting=waiting) for pk, people, waiting in counted}
    return {pk: found.get(pk, Answered()) for pk in campaign_ids}


def conversations(campaign: Campaign, *, waiting: bool = False) -> QuerySet[Conversation]:
    """The newest words first; only those that nobody has attended to, if asked."""
    rows = Conversation.objects.filter(campaign=campaign).select_related("last_reply", "session", "assigned_to")
    return (rows.filter(state__in=CONVERSATION_OPEN) if waiting else rows).order_by("-last_at", "-pk")
