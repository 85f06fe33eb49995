"""The one door to a reminder's state. Where an opportunity goes, its reminders go: to whoever has it now, or to their end.

One in the inbox because its promoter left keeps them, for whoever is given it next. Whoever else lets go of one, or
loses or sells it, has nothing left to be reminded of; who draws it from the pool later starts anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Case, F, When

from leadmaster.accounts.models import User
from opportunities.enums import EventKind, OpportunityState, ReminderState
from opportunities.models import Opportunity, Promoter, Reminder
from opportunities.querysets import ReminderQuerySet

S = OpportunityState


def follow(
    ids: Collection[int],
    target: OpportunityState,
    *,
    kind: EventKind,
    by: User | None,
    now: dt.datetime,
    fields: Mapping[str, Any],
) -> None:
    """The pending reminders of these locked rows, which went to `target` with these fields. One statement or none."""
    owner = fields.get("owner")
    pending = Reminder.objects.filter(opportunity__in=ids, state=ReminderState.PENDING)
    if isinstance(owner, Promoter) and target in (S.ACTIVE, S.EXIT):
        _hand_over(pending, owner, team_id=_team(fields))
    elif target is not S.ACTIVE and kind != EventKind.ORPHANED:
        end(pending, by=by, now=now)


def end(rows: ReminderQuerySet, *, by: User | None, now: dt.datetime) -> int:
    """What is pending of these has nothing to remind anybody of any more. Returns how many."""
    pending = rows.order_by().filter(state=ReminderState.PENDING)
    return pending.update(state=ReminderState.ENDED, closed_at=now, closed_by=by, version=F("version") + 1)


def close(reminder: Reminder, state: ReminderState, *, by: User, now: dt.datetime) -> None:
    """Somebody acted on this locked one."""
    reminder.state, reminder.closed_at, reminder.closed_by = state, now, by
    reminder.version += 1
    reminder.save(update_fields=["state", "closed_at", "closed_by", "version"])


def reopen(row: Opportunity, *, since: dt.datetime) -> int:
    """For a row that was taken back to its owner: what ended with it from `since` on is pending again."""
    if row.owner is None:
        return 0
    ended = Reminder.objects.filter(opportunity=row, state=ReminderState.ENDED, closed_at__gte=since)
    return ended.update(
        state=ReminderState.PENDING,
        whom=row.owner.user_id,
        team=row.team_id,
        closed_at=None,
        closed_by=None,
        version=F("version") + 1,
    )


def _hand_over(pending: Any, owner: Promoter, *, team_id: int | None) -> None:
    """To this owner, and to their team: who has changed teams may be given what was theirs in the other one."""
    moved = {} if team_id is None else {"team_id": team_id}
    before = Case(When(whom=owner.user_id, then=F("handed_from")), default=F("whom"))
    pending.exclude(whom=owner.user_id, **moved).update(
        handed_from=before, whom=owner.user_id, version=F("version") + 1, **moved
    )


def _team(fields: Mapping[str, Any]) -> int | None:
    team = fields.get("team")
    return fields.get("team_id") if team is None else int(team.pk)
