"""What promoters did with the telephone this morning: calls, a chat, and what they promised to come back for."""

from __future__ import annotations

import datetime as dt

from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact
from opportunities.funnel.contact import Press, Result
from opportunities.models import Opportunity, Promoter

_MINUTE = dt.timedelta(minutes=1)


def happen(promoter: Promoter, *, now: dt.datetime) -> None:
    """One to call back by now, one for later, one who did not answer, and one call that nobody has told about."""
    due, later, silent, untold = _rows(promoter)[:4]
    _tell(
        due, ContactOutcome.CALL_BACK, "Está en una reunión, pide que la llame en un rato", now=now, again=-5 * _MINUTE
    )
    _tell(later, ContactOutcome.WRITTEN, "Quiere ver la cartilla antes de decidir", now=now, again=180 * _MINUTE)
    _tell(silent, ContactOutcome.NO_ANSWER, "", now=now)
    contact.begin(untold.pk, _press(untold, ContactChannel.CALL), by=promoter.user, now=now - 10 * _MINUTE)


def _rows(promoter: Promoter) -> list[Opportunity]:
    """The oldest in their hands."""
    return list(Opportunity.objects.filter(owner=promoter).active().select_related("owner__user").order_by("id"))


def _tell(
    row: Opportunity, outcome: ContactOutcome, note: str, *, now: dt.datetime, again: dt.timedelta | None = None
) -> None:
    assert row.owner is not None  # noqa: S101 - they are somebody's
    channel = ContactChannel.CHAT if outcome == ContactOutcome.WRITTEN else ContactChannel.CALL
    contact.tell(
        row.pk,
        _press(row, channel),
        Result(outcome=outcome, note=note),
        by=row.owner.user,
        now=now - 25 * _MINUTE,
        remind_at=None if again is None else now + again,
    )


def _press(row: Opportunity, channel: ContactChannel) -> Press:
    phone = next(point.normalised for point in row.client.contacts.all() if point.is_valid and point.normalised)
    return Press(channel=channel, key=f"demo-{row.pk}", phone=phone)
