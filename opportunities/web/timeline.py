"""The history of an opportunity as people read it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from leadmaster.lib.screens import Tone
from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent

_SHOWN = 60

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


def timeline(row: Opportunity) -> list[Line]:
    """The last lines, the newest first. One query."""
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


def _what(event: OpportunityEvent) -> str:
    if event.kind == EventKind.MOVED and event.from_stage and event.to_stage:
        return _("De “%(before)s” a “%(after)s”") % {"before": event.from_stage, "after": event.to_stage}
    if event.kind == EventKind.EXITED and event.to_stage:
        return _("Salida: %(stage)s") % {"stage": event.to_stage}
    return str(event.get_kind_display())
