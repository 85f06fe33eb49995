"""Reminders as people see them: what is due on the day, what comes next on a row."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Final

from django.db.models import Q

from leadmaster.accounts.models import User
from leadmaster.lib.phones.parsing import pretty
from opportunities.models import Reminder
from opportunities.querysets import ReminderQuerySet
from opportunities.scope import own_desk

MOST: Final = 20
_TODAY = dt.timedelta(hours=24)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DueReminder:
    """One of somebody's: whom it is about, and whether its hour has come."""

    row: Reminder
    who: str
    due: bool


def reminders_of(user: User, rows: ReminderQuerySet) -> ReminderQuerySet:
    """Of these, the ones that this person sees: theirs and their teams'. A promoter who left a desk has left its
    conversations, and what was to be remembered of them; those of their own lines and campaigns stay theirs."""
    shown = rows.visible_to(user)
    if user.is_administrator or user.is_supervisor:
        return shown
    talks = Q(conversation__session__owner=user) | Q(conversation__campaign__owner=user)
    desk = own_desk(user)
    if desk is not None:
        talks |= Q(team=desk.desk.team_id)
    return shown.filter(Q(conversation__isnull=True) | talks)


def next_of_day(user: User, *, now: dt.datetime) -> list[DueReminder]:
    """A person's own: what is due, the oldest on top, then what comes within a day. Two queries."""
    mine = Reminder.objects.pending().filter(whom=user, due_at__lte=now + _TODAY)
    rows = reminders_of(user, mine).select_related("opportunity__client", "conversation", "set_by", "handed_from")
    return [DueReminder(row=row, who=_who(row), due=row.due_at <= now) for row in rows[:MOST]]


def next_reminders(opportunity_ids: Collection[int]) -> dict[int, Reminder]:
    """The next pending one of each of these. One query; each has a few at the most."""
    found: dict[int, Reminder] = {}
    for row in Reminder.objects.pending().filter(opportunity__in=opportunity_ids):
        found.setdefault(row.opportunity_id or 0, row)
    return found


def _who(row: Reminder) -> str:
    if row.opportunity is not None:
        return row.opportunity.client.full_name
    return pretty(row.conversation.phone) if row.conversation is not None and row.conversation.phone else ""
