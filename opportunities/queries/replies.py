"""Who wrote back: the newest word of each client in a promoter's hands."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Q

from campaigns.conversations import words_of
from campaigns.models import Reply
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Promoter

# Whoever wrote before yesterday has been called, or is in the history.
_RECENT = dt.timedelta(days=2)
_READ = 30
_SHOWN = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a client wrote last, and the opportunity it belongs to."""

    opportunity_id: int
    who: str
    text: str
    at: dt.datetime


def answers_to(promoter: Promoter, *, now: dt.datetime) -> list[Answer]:
    """Of what came to the promoter's own lines and to their team's. The newest first; at most three queries."""
    owners = _owners_of_phones(promoter)
    if not owners:
        return []
    lines = Q(session__team=promoter.desk.team_id) | Q(session__owner=promoter.user_id)
    replies = Reply.objects.filter(lines, phone__in=owners, at__gt=now - _RECENT).order_by("-at", "-id")
    newest: dict[int, Reply] = {}
    for reply in replies[:_READ]:
        newest.setdefault(owners[reply.phone], reply)
    shown = dict(list(newest.items())[:_SHOWN])
    # Through the same condition: one that left their hands in between is not theirs to read about.
    mine = Opportunity.objects.filter(owner=promoter).active().select_related("client").in_bulk(shown)
    return [
        Answer(opportunity_id=pk, who=mine[pk].client.full_name, text=words_of(reply), at=reply.at)
        for pk, reply in shown.items()
        if pk in mine
    ]


def _owners_of_phones(promoter: Promoter) -> dict[str, int]:
    """The opportunity of each phone; a promoter's capacity bounds how many."""
    phones = ContactPoint.objects.filter(
        kind=ContactKind.PHONE,
        is_valid=True,
        client__open_opportunity__owner=promoter,
        client__open_opportunity__state=OpportunityState.ACTIVE,
    )
    return dict(phones.values_list("normalised", "client__open_opportunity__id"))
