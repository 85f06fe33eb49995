"""The history of an opportunity as people read it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.accounts.models import User
from leadmaster.lib.screens import Tone
from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent

_SHOWN = 60
_MOST_MESSAGES = 20
_LONGEST_MESSAGE = 200
_WRITTEN = (EnvioState.SENT, EnvioState.SENT_BY_HAND)

_TONES: dict[str, Tone] = {
    EventKind.ASSIGNED: "info",
    EventKind.CAPTURED: "info",
    EventKind.REASSIGNED: "info",
    EventKind.RETURNED: "info",
    EventKind.EXITED: "warn",
    EventKind.EXPIRED: "bad",
    EventKind.CLOSED: "bad",
    EventKind.SOLD: "good",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """What happened, when, by whom (empty: the system), and what they wrote."""

    at: dt.datetime
    what: str
    who: str
    words: str
    tone: Tone


def timeline(row: Opportunity, *, viewer: User) -> list[Line]:
    """What happened to it and what was written to its client, the newest first. Two queries."""
    return sorted([*_events(row), *_messages(row, viewer)], key=lambda line: line.at, reverse=True)


def _events(row: Opportunity) -> list[Line]:
    events = row.events.select_related("by", "from_stage", "to_stage").order_by("-id")[:_SHOWN]
    return [
        Line(
            at=event.at,
            what=_what(event),
            who=str(event.by) if event.by else "",
            words=event.reason,
            tone=_TONES.get(event.kind, "neutral"),
        )
        for event in events
    ]


def _messages(row: Opportunity, viewer: User) -> list[Line]:
    """Messages of campaigns that this person may see, to the client's phones, which are there already."""
    phones = [point.normalised for point in row.client.contacts.all() if point.is_valid and point.normalised]
    sent = Envio.objects.visible_to(viewer).filter(phone__in=phones, state__in=_WRITTEN, sent_at__isnull=False)
    return [
        Line(
            at=envio.sent_at,
            what=_("Mensaje de “%(campaign)s”") % {"campaign": envio.campaign},
            who=str(envio.get_ack_display()),
            words=envio.text[:_LONGEST_MESSAGE],
            tone="neutral",
        )
        for envio in sent.select_related("campaign").order_by("-id")[:_MOST_MESSAGES]
        if envio.sent_at is not None
    ]


def _what(event: OpportunityEvent) -> str:
    if event.kind == EventKind.MOVED and event.from_stage and event.to_stage:
        return _("De “%(before)s” a “%(after)s”") % {"before": event.from_stage, "after": event.to_stage}
    if event.kind == EventKind.EXITED and event.to_stage:
        return _("Salida: %(stage)s") % {"stage": event.to_stage}
    return str(event.get_kind_display())
