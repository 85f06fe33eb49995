"""Clocks that have not followed a change of hours or timers yet. Whoever locks such a row has it moved first.

So nobody decides, extends, stops or expires by a clock of yesterday's hours, however far the background is.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence

from opportunities.clocks.changes import kept_change
from opportunities.clocks.countdown import Countdown, countdown_of
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity, Retiming, RetimingLine


@dataclasses.dataclass(frozen=True, kw_only=True)
class Due:
    """What one change has left to do among some rows."""

    retiming: Retiming
    clocks: dict[Opportunity, Countdown]


def in_backlog(ids: Sequence[int]) -> list[int]:
    """Of these, the ones whose clocks have not followed yet."""
    lines = RetimingLine.objects.filter(opportunity__in=ids).order_by("opportunity")
    return list(lines.values_list("opportunity", flat=True))


def pop_backlog(rows: Sequence[Opportunity]) -> list[Due]:
    """Take these locked rows off the lists of what is to be moved; returns where their clocks go. The caller writes it.

    One query when nothing is on its way. A row that has changed since had its clock set by what is new already.
    """
    by_id = {row.pk: row for row in rows}
    lines = list(RetimingLine.objects.filter(opportunity__in=by_id)) if by_id else []
    if not lines:
        return []
    RetimingLine.objects.filter(pk__in=[line.pk for line in lines]).delete()
    waiting: dict[int, list[Opportunity]] = collections.defaultdict(list)
    for line in lines:
        row = by_id[line.opportunity_id]
        if row.version == line.version and row.state == OpportunityState.ACTIVE:
            waiting[line.retiming_id].append(row)
    retimings = Retiming.objects.select_related("by").in_bulk(list(waiting))
    return [_due(retimings[pk], found) for pk, found in waiting.items()]


def _due(retiming: Retiming, rows: Sequence[Opportunity]) -> Due:
    change = kept_change(retiming)
    clocks = {row: change.clock_of(row) for row in rows}
    return Due(retiming=retiming, clocks={row: clock for row, clock in clocks.items() if clock != countdown_of(row)})
