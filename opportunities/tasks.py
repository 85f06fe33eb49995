"""What the django-q2 cluster runs for the desk: no arguments, no business."""

from __future__ import annotations

from leadmaster.lib.clock import database_now
from leadmaster.ops.heartbeat import beat
from opportunities.results.sums import roll_up
from opportunities.supervision import departures
from opportunities.timers import absence_clocks, expiry, recalculation

HEARTBEAT = "timers"


def expire_timers() -> str:
    """Move what is overdue to the pool; begin and end absences; hand over what is of people who left."""
    now = database_now()
    # Absences first: a clock that stands still from today on must not expire today.
    absence_clocks.begin_and_end(now)
    departures.hand_over_departed(now)
    report = expiry.expire_timers(now)
    beat(HEARTBEAT, now=now, detail={"expired": report.expired})
    return f"expired {report.expired}"


def follow_hours() -> str:
    """Bring clocks along with changes of hours and timers that were too big for a web request."""
    return f"looked at {recalculation.apply_backlog(database_now())}"


def sum_up() -> str:
    """Days of sends and of results that are over, or that changed since."""
    return f"summed {roll_up(database_now())}"
