"""A promoter's opportunities as the lines of their list: whom, how long is left, what passed last."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from leadmaster.calendars.arithmetic import Calendar
from opportunities.models import Opportunity, Promoter
from opportunities.queries.amounts import amount_of
from opportunities.queries.cards import Card, cards
from opportunities.queries.last_touch import Touch, last_touches


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClientRow:
    """One line. `amount` is what it was sold for."""

    card: Card
    touch: Touch | None
    amount: str = ""


def client_rows(
    rows: Sequence[Opportunity], promoter: Promoter, *, calendar: Calendar, now: dt.datetime
) -> list[ClientRow]:
    """One query more than their cards, however many rows. Their sales come with them."""
    found = cards(rows, promoter, calendar=calendar, now=now)
    contacts = {card.row.pk: card.contact for card in found if card.contact is not None}
    touches = last_touches(rows, contacts, viewer=promoter.user, now=now, tz=calendar.tz)
    return [
        ClientRow(card=card, touch=touches.get(card.row.pk), amount=amount_of(getattr(card.row, "sale", None)))
        for card in found
    ]
