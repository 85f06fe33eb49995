"""What hurries today, of what a promoter has in hand."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Count, Q

from leadmaster.calendars.arithmetic import Calendar, NeverOpens
from leadmaster.lib.screens import hour
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Promoter
from opportunities.queries.time_left import Shift, shift_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rush:
    """How many are in hand, how many are late, and how many expire before this shift ends."""

    active: int
    overdue: int
    this_shift: int
    shift: Shift | None
    # Of the shift, by the desk's clock.
    opens: str = ""
    closes: str = ""


def rush_of(promoter: Promoter, *, calendar: Calendar, now: dt.datetime) -> Rush:
    """One query over what the promoter has in hand."""
    try:
        shift = shift_of(calendar, now)
    except NeverOpens:
        shift = None
    late = Q(deadline__lte=now)
    # Where nobody ever goes home, a turn is the next day.
    until = now if shift is None else shift.closes or now + dt.timedelta(hours=24)
    soon = Q(deadline__gt=now, deadline__lte=until)
    counts = Opportunity.objects.filter(owner=promoter, state=OpportunityState.ACTIVE).aggregate(
        active=Count("id"), overdue=Count("id", filter=late), this_shift=Count("id", filter=soon)
    )
    if shift is None:
        return Rush(shift=None, **counts)
    return Rush(
        shift=shift,
        opens=hour(shift.opens, tz=calendar.tz),
        closes=hour(shift.closes, tz=calendar.tz) if shift.closes else "",
        **counts,
    )
