"""Opportunities as cards."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from leadmaster.calendars.arithmetic import Calendar
from opportunities.models import Opportunity, Promoter
from opportunities.queries.contacts import Reach, reach, silenced_among
from opportunities.queries.time_left import Timer, timer_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One opportunity as its promoter sees it in a list."""

    row: Opportunity
    timer: Timer | None
    reach: Reach

    @property
    def place(self) -> str:
        client = self.row.client
        return ", ".join(part for part in (client.city, client.province) if part)


def cards(
    rows: Sequence[Opportunity], promoter: Promoter | None, *, calendar: Calendar, now: dt.datetime
) -> list[Card]:
    """One query, for the numbers that asked for silence, however many rows."""
    silenced = silenced_among(rows)
    return [
        Card(
            row=row,
            timer=timer_of(row, calendar=calendar, now=now),
            reach=reach(row, sender=promoter, silenced=silenced),
        )
        for row in rows
    ]
