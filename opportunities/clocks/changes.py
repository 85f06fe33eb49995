"""What other hours, or another timer, make of one clock. Pure: doing it late gives the same as doing it at once.

What has passed stays passed: the operating time that was left at the moment of the change, by the old hours, is counted
by the new ones from that moment on. Overdue rows stay where they are. Clocks that an absence stopped hold seconds, not
dates, so new hours don't touch them.
"""

from __future__ import annotations

import abc
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from leadmaster.calendars.arithmetic import NOTHING, Calendar
from leadmaster.calendars.models import values_of
from leadmaster.calendars.serialization import as_json, from_json
from opportunities.clocks.countdown import Countdown, after, countdown_of, counts_since, is_overdue, time_left
from opportunities.enums import AbsencePolicy, RetimingKind
from opportunities.models import Absence, Desk, Opportunity, Retiming


class ClockChange(abc.ABC):
    """One change, as of one moment."""

    at: dt.datetime

    @abc.abstractmethod
    def clock_of(self, row: Opportunity) -> Countdown:
        """The clock of a row that nobody has touched since. Raises Incomplete for hours that never come."""

    @abc.abstractmethod
    def as_json(self) -> dict[str, Any]:
        """What `Retiming.change` keeps of it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewHours(ClockChange):
    old: Calendar
    new: Calendar
    at: dt.datetime

    def clock_of(self, row: Opportunity) -> Countdown:
        at = _counted_from(row, self.at)
        left = time_left(row, calendar=self.old, now=at)
        if row.deadline is None or not left:
            return countdown_of(row)
        return Countdown(deadline=after(left, calendar=self.new, now=at), since=at)

    def as_json(self) -> dict[str, Any]:
        return {"old": as_json(self.old), "new": as_json(self.new)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewTimer(ClockChange):
    """A longer timer gives the difference to each, a shorter one takes it; who has less than that left is overdue at
    once. None stops clocks for good, and starts them where there was none."""

    old: int | None
    new: int | None
    # The hours of each team. They don't change while a change of timers is on its way.
    calendars: Mapping[int, Calendar]
    # Promoters whose absence stops clocks: one that starts in their hands stands.
    away: frozenset[int]
    at: dt.datetime

    def clock_of(self, row: Opportunity) -> Countdown:
        if self.new is None:
            return Countdown()
        if is_overdue(row, self.at):
            return countdown_of(row)
        calendar, at = self.calendars[row.team_id], _counted_from(row, self.at)
        change = dt.timedelta(minutes=self.new - (self.old or 0))
        left = max((time_left(row, calendar=calendar, now=at) or NOTHING) + change, NOTHING)
        if row.paused_seconds is not None or (row.deadline is None and row.owner_id in self.away):
            return Countdown(paused_seconds=int(left.total_seconds()), since=at)
        end = after(left, calendar=calendar, now=at) if left else at
        return Countdown(deadline=end, since=at)

    def as_json(self) -> dict[str, Any]:
        return {"old": self.old, "new": self.new}


def _counted_from(row: Opportunity, at: dt.datetime) -> dt.datetime:
    """The change's moment, or when this clock began to count: the host that changed it may have a clock that is behind,
    and a client would get the time between the two."""
    return max(at, counts_since(row))


def kept_change(retiming: Retiming) -> ClockChange:
    """The change that a retiming brings to its clocks."""
    if retiming.kind == RetimingKind.STAGE:
        kept = retiming.change
        return NewTimer(old=kept["old"], new=kept["new"], calendars=hours_of_teams(), away=away(), at=retiming.at)
    return NewHours(old=from_json(retiming.change["old"]), new=from_json(retiming.change["new"]), at=retiming.at)


def away() -> frozenset[int]:
    """The promoters whose clocks an absence has stopped. One query."""
    standing = Absence.objects.filter(policy=AbsencePolicy.PAUSE, begun_at__isnull=False, ended_at__isnull=True)
    return frozenset(standing.values_list("promoter", flat=True))


def hours_of_teams() -> dict[int, Calendar]:
    """The hours of each team's desk. Three queries."""
    desks = Desk.objects.select_related("calendar")
    values = values_of({desk.calendar for desk in desks})
    return {desk.team_id: values[desk.calendar_id] for desk in desks}
