"""Opportunities as cards."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from leadmaster.calendars.arithmetic import Calendar
from opportunities.models import ContactAttempt, Opportunity, Promoter, Reminder
from opportunities.queries.contact_figures import last_contacts
from opportunities.queries.contacts import Reach, reach, silenced_among
from opportunities.queries.reminders import next_reminders
from opportunities.queries.time_left import Timer, timer_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One opportunity as its promoter sees it in a list."""

    row: Opportunity
    timer: Timer | None
    reach: Reach
    # The last attempt to reach the client, and when somebody has to come back to them.
    contact: ContactAttempt | None = None
    reminder: Reminder | None = None

    @property
    def may_hold(self) -> bool:
        """Whether a date that the client asks for may hold its timer."""
        return (
            self.timer is not None and not self.timer.overdue and bool(self.row.stage and self.row.stage.hold_minutes)
        )

    @property
    def place(self) -> str:
        client = self.row.client
        return ", ".join(part for part in (client.city, client.province) if part)


def cards(
    rows: Sequence[Opportunity], promoter: Promoter | None, *, calendar: Calendar, now: dt.datetime
) -> list[Card]:
    """Four queries, for the numbers that asked for silence, contacts and reminders, however many rows."""
    silenced = silenced_among(rows)
    ids = [row.pk for row in rows]
    contacts, reminders = last_contacts(ids), next_reminders(ids)
    return [
        Card(
            row=row,
            timer=timer_of(row, calendar=calendar, now=now),
            reach=reach(row, sender=promoter, silenced=silenced),
            contact=contacts.get(row.pk),
            reminder=reminders.get(row.pk),
        )
        for row in rows
    ]
