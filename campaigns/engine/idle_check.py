"""Whether a tick has anything to do at all, asked in one question."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Exists, Value

from campaigns.engine import journal
from campaigns.models import Campaign, Lane
from leadmaster.ops.models import Heartbeat

HEARTBEAT = "tick"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Glance:
    """What there is to do. A doubt counts as something."""

    stale: bool  # leases that ran out
    running: bool  # campaigns
    forgotten: bool  # dispatches that the journal has and the database doesn't

    @property
    def idle(self) -> bool:
        return not (self.stale or self.running or self.forgotten)


def glance(now: dt.datetime) -> Glance:
    """One SELECT. It stands on the heartbeat's row, because a SELECT of the ORM has to stand on some row; before the
    first tick ever there is none, and the tick looks for itself.
    """
    tokens = journal.latest_tokens()
    told = journal.how_many_told(tokens) if tokens else Value(0)
    row = (
        Heartbeat.objects.filter(name=HEARTBEAT)
        .values_list(Exists(Lane.objects.stale(now)), Exists(Campaign.objects.running()), told)
        .first()
    )
    if row is None:
        return Glance(stale=True, running=True, forgotten=True)
    stale, running, count = row
    return Glance(stale=stale, running=running, forgotten=count < len(tokens))
