"""An opportunity's clock as a value: where it stands, how much is left, when it ends."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import (
    NOTHING,
    Calendar,
    NeverOpens,
    TooFar,
    add_operating_time,
    operating_time_between,
)
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.errors import Incomplete
from opportunities.models import Absence, Desk, Opportunity, Promoter, Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Countdown:
    """An active row's clock: running towards `deadline`, standing still with seconds left, or none at all.

    `since` is the moment from which it counts so, where that is not the moment in which it is written: an absence stops
    clocks with its day, however late the cron comes. It makes no other clock of it.
    """

    deadline: dt.datetime | None = None
    paused_seconds: int | None = None
    since: dt.datetime | None = dataclasses.field(default=None, compare=False)
    # The client asked for this date; before it nothing counts. One that is over says nothing any more.
    held_until: dt.datetime | None = None


def countdown_of(row: Opportunity) -> Countdown:
    """As it is written."""
    return Countdown(deadline=row.deadline, paused_seconds=row.paused_seconds, held_until=row.held_until)


def counts_from(row: Opportunity, now: dt.datetime) -> dt.datetime:
    """From when on its clock counts next: now, or the date that it waits for."""
    return now if row.held_until is None else max(now, row.held_until)


def after(duration: dt.timedelta, *, calendar: Calendar, now: dt.datetime) -> dt.datetime:
    """The end of so much operating time. Raises Incomplete for hours that never come, or not within thirty years."""
    try:
        return add_operating_time(now, duration, calendar)
    except TooFar:
        raise Incomplete(
            _(
                "Con el horario de la mesa este plazo tardaría más de treinta años: pide un plazo más corto o un horario más amplio."
            )
        ) from None
    except NeverOpens:
        raise Incomplete(_("El horario de la mesa no abre nunca: pide a un administrador que lo corrija.")) from None


def time_left(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> dt.timedelta | None:
    """Operating time until the deadline, nothing when it is past; None without a clock."""
    return left_of(countdown_of(row), calendar=calendar, now=now)


def left_of(clock: Countdown, *, calendar: Calendar, now: dt.datetime) -> dt.timedelta | None:
    """The same of a clock as a value."""
    if clock.paused_seconds is not None:
        return dt.timedelta(seconds=clock.paused_seconds)
    if clock.deadline is None:
        return None
    start = now if clock.held_until is None else max(now, clock.held_until)
    return max(operating_time_between(start, clock.deadline, calendar), NOTHING)


def seconds_left(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> int | None:
    """The same in whole seconds, as a stopped clock keeps it."""
    left = time_left(row, calendar=calendar, now=now)
    return None if left is None else int(left.total_seconds())


def counts_since(row: Opportunity) -> dt.datetime:
    """From when its clock counts as it stands."""
    return row.clock_since or row.stage_since


def is_overdue(row: Opportunity, now: dt.datetime) -> bool:
    return row.state == OpportunityState.ACTIVE and row.deadline is not None and row.deadline <= now


def deadline_for(stage: Stage, *, calendar: Calendar, now: dt.datetime) -> dt.datetime | None:
    """When a row that enters this stage at `now` expires; None for a stage without a timer."""
    if stage.timer_minutes is None:
        return None
    return after(dt.timedelta(minutes=stage.timer_minutes), calendar=calendar, now=now)


def clocks_stopped(owner: Promoter) -> bool:
    """Whether an absence of this promoter has stopped their clocks and has not let them go on."""
    stopped = Absence.objects.filter(promoter=owner, begun_at__isnull=False, ended_at__isnull=True)
    return stopped.filter(policy=AbsencePolicy.PAUSE).exists()


def calendar_of(row: Opportunity) -> Calendar:
    """The hours of the row's team, to be shown. Whoever sets a clock by them takes `hours_of`."""
    return Desk.objects.select_related("calendar").get(team_id=row.team_id).calendar.as_value()
