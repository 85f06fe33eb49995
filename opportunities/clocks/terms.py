"""By what a clock is set now: a desk's hours and a stage's timer, held until the transaction ends.

A change of either waits for whoever set a clock by the old ones, and then sees that clock; who comes later reads the new
ones. Sharing costs nobody anything but that change. They come last: quota → clients → opportunities → lot → hours →
stage.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OperatingCalendar
from opportunities.enums import StageType
from opportunities.errors import Incomplete
from opportunities.models import Desk, Stage

# Both databases understand it; where there is no such word, one writer at a time is the rule anyway.
_SHARED = {"mysql": " LOCK IN SHARE MODE"}


def hours_of(team_id: int) -> Calendar:
    """The hours of this team's desk. Three queries. Raises Desk.DoesNotExist."""
    sql = (
        f"SELECT c.* FROM {Desk._meta.db_table} d JOIN {OperatingCalendar._meta.db_table} c "  # noqa: S608 - our own names
        f"ON c.id = d.calendar_id WHERE d.team_id = %s{_shared()}"
    )
    for calendar in OperatingCalendar.objects.raw(sql, [team_id]):
        return calendar.as_value()
    raise Desk.DoesNotExist(f"team {team_id} has no desk")


def stages_of(ids: Collection[int]) -> dict[int, Stage]:
    """These stages as they are. One query."""
    if not ids:
        return {}
    marks = ", ".join(["%s"] * len(ids))
    sql = f"SELECT * FROM {Stage._meta.db_table} WHERE id IN ({marks}) ORDER BY id{_shared()}"  # noqa: S608 - our own names
    return {stage.pk: stage for stage in Stage.objects.raw(sql, sorted(ids))}


def first_stage() -> Stage:
    """The stage in which work begins. One query. Raises Incomplete for a funnel without one."""
    name = connection.ops.quote_name
    sql = (
        f"SELECT * FROM {Stage._meta.db_table} WHERE type = %s AND active = %s "  # noqa: S608 - our own names
        f"ORDER BY {name('order')}, id LIMIT 1{_shared()}"
    )
    for stage in Stage.objects.raw(sql, [StageType.INITIAL, True]):
        return stage
    raise Incomplete(_("El embudo no tiene una etapa inicial. Pide a un administrador que la cree."))


def _shared() -> str:
    return _SHARED.get(connection.vendor, "")
