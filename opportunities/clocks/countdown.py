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
from opportunities.enums import OpportunityState
from opportunities.errors import Incomplete
from opportunities.models import Opportunity


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
