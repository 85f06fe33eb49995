"""The last thing that was written to each client, or about them, for a whole page at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

from django.utils.translation import gettext as _

from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.accounts.models import User
from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent

_WRITTEN = (EnvioState.SENT, EnvioState.SENT_BY_HAND)
# A number that was written to more often than this shows one of its last ones all the same.
_MOST = 1_000
_LONGEST = 90


@dataclasses.dataclass(frozen=True, kw_only=True)
class Words:
    """What, when, and in which words."""

    what: str
    text: str
    at: dt.datetime


def last_words(rows: Collection[Opportunity], *, viewer: User) -> dict[int, Words]:
    """By opportunity: the newest note or message. Two queries, however many rows; contacts are there already."""
    found: dict[int, Words] = {}
    for pk, words in [*_notes(rows), *_messages(rows, viewer)]:
        if pk not in found or found[pk].at < words.at:
            found[pk] = words
    return found


def _notes(rows: Collection[Opportunity]) -> list[tuple[int, Words]]:
    notes = OpportunityEvent.objects.filter(
        opportunity__in=[row.pk for row in rows], kind=EventKind.NOTE
    ).select_related("by")
    return [
        (note.opportunity_id, Words(what=_("nota de %(who)s") % {"who": note.by}, text=_short(note.reason), at=note.at))
        for note in notes.order_by("-id")[:_MOST]
    ]


def _messages(rows: Collection[Opportunity], viewer: User) -> list[tuple[int, Words]]:
    holder = {point.normalised: row.pk for row in rows for point in row.client.contacts.all() if point.is_valid}
    holder.pop("", None)
    if not holder:
        return []
    sent = Envio.objects.visible_to(viewer).filter(phone__in=holder, state__in=_WRITTEN, sent_at__isnull=False)
    return [
        (holder[envio.phone], Words(what=str(envio.get_ack_display()), text=_short(envio.text), at=envio.sent_at))
        for envio in sent.only("phone", "text", "ack", "sent_at").order_by("-id")[:_MOST]
        if envio.sent_at is not None
    ]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
