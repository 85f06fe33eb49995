"""An opportunity's clock as a value: where it stands, how much is left, when it ends."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import (
    NOTHING,
    Calendar,
    NeverOpens,
    add_operating_time,
    operating_time_between,
)
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.errors import Incomplete
from opportunities.models import Absence, Desk, Opportunity, Promoter, Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Countdown:
    """An active row's clock: running towards `deadline`, standing still with seconds left, or none at all."""

    deadline: dt.datetime | None = None
    paused_seconds: int | None = None

    def as_fields(self) -> dict[str, Any]:
        return {"deadline": self.deadline, "paused_seconds": self.paused_seconds}


def countdown_of(row: Opportunity) -> Countdown:
    """As it is written."""
    return Countdown(deadline=row.deadline, paused_seconds=row.paused_seconds)


def after(duration: dt.timedelta, *, calendar: Calendar, now: dt.datetime) -> dt.datetime:
    """The end of so much operating time. Raises Incomplete for hours that never come."""
    try:
        return add_operating_time(now, duration, calendar)
    except NeverOpens:
        raise Incomplete(_("El horario de la mesa no abre nunca: pide a un administrador que lo corrija.")) from None


def time_left(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> dt.timedelta | None:
    """Operating time until the deadline, nothing when it is past; None without a clock."""
    if row.paused_seconds is not None:
        return dt.timedelta(seconds=row.paused_seconds)
    if row.deadline is None:
        return None
    return max(operating_time_between(now, row.deadline, calendar), NOTHING)


def seconds_left(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> int | None:
    """The same in whole seconds, as a stopped clock keeps it."""
    left = time_left(row, calendar=calendar, now=now)
    return None if left is None else int(left.total_seconds())


def is_overdue(row: Opportunity, now: dt.datetime) -> bool:
    return row.state == OpportunityState.ACTIVE and row.deadline is not None and row.deadline <= now


def deadline_for(stage: Stage, *, calendar: Calendar, now: dt.datetime) -> dt.datetime | None:
    """When a row that enters this stage at `now` expires; None for a stage without a timer."""
    if stage.timer_minutes is None:
        return None
    return after(dt.timedelta(minutes=stage.timer_minutes), calendar=calendar, now=now)


def countdown(stage: Stage, owner: Promoter, *, calendar: Calendar, now: dt.datetime) -> Countdown:
    """The clock of a row that enters this stage at `now`. While its owner's absence stops clocks, it starts stopped."""
    if stage.timer_minutes is None:
        return Countdown()
    if clocks_stopped(owner):
        return Countdown(paused_seconds=stage.timer_minutes * 60)
    return Countdown(deadline=deadline_for(stage, calendar=calendar, now=now))


def clocks_stopped(owner: Promoter) -> bool:
    """Whether an absence of this promoter has stopped their clocks and has not let them go on."""
    stopped = Absence.objects.filter(promoter=owner, begun_at__isnull=False, ended_at__isnull=True)
    return stopped.filter(policy=AbsencePolicy.PAUSE).exists()


def calendar_of(row: Opportunity) -> Calendar:
    """The hours of the row's team, to be shown. Whoever sets a clock by them takes `hours_of`."""
    return Desk.objects.select_related("calendar").get(team_id=row.team_id).calendar.as_value()
