"""By which hours a clock is set now."""

from __future__ import annotations

from django.db import connection

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OperatingCalendar
from opportunities.models import Desk

# Both databases understand it; where there is no such word, one writer at a time is the rule anyway.
_SHARED = {"mysql": " LOCK IN SHARE MODE"}


def hours_of(team_id: int) -> Calendar:
    """The hours of this team's desk, held until the transaction ends. Three queries.

    A change of them waits for whoever set a clock by the old ones, and then sees that clock; who comes later reads the
    new ones. Sharing costs nobody anything but that change. Raises Desk.DoesNotExist.
    """
    sql = (
        f"SELECT c.* FROM {Desk._meta.db_table} d JOIN {OperatingCalendar._meta.db_table} c "  # noqa: S608 - our own names
        f"ON c.id = d.calendar_id WHERE d.team_id = %s{_SHARED.get(connection.vendor, '')}"
    )
    for calendar in OperatingCalendar.objects.raw(sql, [team_id]):
        return calendar.as_value()
    raise Desk.DoesNotExist(f"team {team_id} has no desk")
