"""The history of an opportunity as people read it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from campaigns.conversations import conversation
from leadmaster.accounts.models import User
from leadmaster.lib.screens import Tone
from opportunities.enums import ContactOutcome, EventKind
from opportunities.models import Opportunity, OpportunityEvent
from opportunities.queries.amounts import amount_of

_SHOWN = 60
# Between what happened and its details, in notes that say both.
_AND = " · "

_TONES: dict[str, Tone] = {
    EventKind.ASSIGNED: "info",
    EventKind.CAPTURED: "info",
    EventKind.REASSIGNED: "info",
    EventKind.RETURNED: "info",
    EventKind.EXITED: "warn",
    EventKind.ORPHANED: "warn",
    EventKind.EXPIRED: "bad",
    EventKind.CLOSED: "bad",
    EventKind.SOLD: "good",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """What happened, when, by whom (empty: the system) or how far it got, and the words."""

    at: dt.datetime
    what: str
    who: str
    words: str
    tone: Tone
    from_client: bool = False


def timeline(row: Opportunity, *, viewer: User) -> list[Line]:
    """What happened to it, what was written to its client and what they answered, the newest first. Five queries."""
    return sorted([*_events(row), *_untold(row), *_messages(row, viewer)], key=lambda line: line.at, reverse=True)


def _events(row: Opportunity) -> list[Line]:
    events = row.events.select_related("by", "from_stage", "to_stage").order_by("-id")[:_SHOWN]
    return [
        Line(
            at=event.at,
            what=_what(event),
            who=str(event.by) if event.by else "",
            words=_words(event, row),
            tone=_TONES.get(event.kind, "neutral"),
        )
        for event in events
    ]


def _words(event: OpportunityEvent, row: Opportunity) -> str:
    if _told_by_itself(event):
        return event.reason.partition(_AND)[2]
    sale = getattr(row, "sale", None)
    if event.kind == EventKind.SOLD and sale is not None and sale.pk == event.data.get("sale"):
        return _AND.join(part for part in (amount_of(sale), event.reason) if part)
    return event.reason


def _untold(row: Opportunity) -> list[Line]:
    """Calls and chats that nobody has told about. The others are in the history."""
    rows = row.contact_attempts.filter(outcome=ContactOutcome.PENDING).select_related("by").order_by("-id")
    return [
        Line(
            at=attempt.at,
            what=f"{attempt.get_channel_display()}: {attempt.get_outcome_display().lower()}",
            who=str(attempt.by),
            words="",
            tone="neutral",
        )
        for attempt in rows[:_SHOWN]
    ]


def _told_by_itself(event: OpportunityEvent) -> bool:
    """Whether its words say what it is: how a call went, a reminder."""
    return event.kind == EventKind.NOTE and not {"contact", "reminder"}.isdisjoint(event.data)


def _messages(row: Opportunity, viewer: User) -> list[Line]:
    """What was said to and by the client's phones, which are there already."""
    phones = [point.normalised for point in row.client.contacts.all() if point.is_valid and point.normalised]
    said = conversation(phones, viewer=viewer, team_ids=[row.team_id])
    return [
        Line(
            at=one.at,
            what=one.title,
            who=one.standing,
            words=one.text,
            tone=one.tone,
            from_client=not one.ours,
        )
        for one in said
    ]


def _what(event: OpportunityEvent) -> str:
    if _told_by_itself(event):
        return event.reason.partition(_AND)[0]
    if event.kind == EventKind.MOVED and event.from_stage and event.to_stage:
        return _("De “%(before)s” a “%(after)s”") % {"before": event.from_stage, "after": event.to_stage}
    if event.kind == EventKind.EXITED and event.to_stage:
        return _("Salida: %(stage)s") % {"stage": event.to_stage}
    return str(event.get_kind_display())
