"""The last thing that was written to each client, by them, or about them, for a whole page at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.utils.translation import gettext as _

from campaigns.conversations import conversation
from leadmaster.accounts.models import User
from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent

# A number that was written to more often than this shows one of its last ones all the same.
_MOST = 1_000
_LONGEST = 90


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatestMessage:
    """What, when, and in which words."""

    what: str
    text: str
    at: dt.datetime


def latest_messages(rows: Collection[Opportunity], *, viewer: User) -> dict[int, LatestMessage]:
    """By opportunity: the newest note, message, reply or answer. Four queries, however many rows; contacts are there already."""
    found: dict[int, LatestMessage] = {}
    for pk, words in [*_notes(rows), *_messages(rows, viewer)]:
        if pk not in found or found[pk].at < words.at:
            found[pk] = words
    return found


def _notes(rows: Collection[Opportunity]) -> list[tuple[int, LatestMessage]]:
    notes = OpportunityEvent.objects.filter(
        opportunity__in=[row.pk for row in rows], kind=EventKind.NOTE
    ).select_related("by")
    return [
        (
            note.opportunity_id,
            LatestMessage(what=_("nota de %(who)s") % {"who": note.by}, text=_short(note.reason), at=note.at),
        )
        for note in notes.order_by("-id")[:_MOST]
    ]


def _messages(rows: Collection[Opportunity], viewer: User) -> list[tuple[int, LatestMessage]]:
    """What was written to the clients' phones, and what they answered to the lines of the teams that work them."""
    holder = {point.normalised: row.pk for row in rows for point in row.client.contacts.all() if point.is_valid}
    holder.pop("", None)
    said = conversation(holder, viewer=viewer, team_ids={row.team_id for row in rows}, most=_MOST)
    return [
        (
            holder[one.phone],
            LatestMessage(what=one.standing if one.ours else one.title, text=_short(one.text), at=one.at),
        )
        for one in said
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
