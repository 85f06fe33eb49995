"""Whether a tick has anything to do at all, asked in one question."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Any

from django.db.models import DateTimeField, Exists

from campaigns.engine import restore_guard
from campaigns.models import Campaign, Envio, Lane
from leadmaster.lib.db.compiled import CompiledRow, Param
from leadmaster.ops.models import Heartbeat

HEARTBEAT = "tick"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Glance:
    """What there is to do. A doubt counts as something."""

    stale: bool  # leases that ran out
    running: bool  # campaigns
    written: bool  # by people, to be answered now
    forgotten: bool  # the journal knows more than the database, or a restore is being looked into

    @property
    def idle(self) -> bool:
        return not (self.stale or self.running or self.written or self.forgotten)


def glance(now: dt.datetime) -> Glance:
    """One SELECT, worded once in a process as long as the end of the journal has the same length."""
    suspicion = restore_guard.suspicion()
    row = _look(suspicion.shape)(now=now, **suspicion.values)
    if row is None:
        return Glance(
            stale=True, running=True, written=True, forgotten=suspicion.unreadable or not suspicion.tail.empty
        )
    stale, running, written, *answers = row
    return Glance(
        stale=bool(stale),
        running=bool(running),
        written=bool(written),
        forgotten=suspicion.confirmed(restore_guard.Answers(*answers)),
    )


@functools.lru_cache(maxsize=64)
def _look(shape: restore_guard.Shape) -> CompiledRow:
    """It stands on the heartbeat's row, because a SELECT of the ORM has to stand on some row; before the first tick
    ever there is none, and the tick looks for itself.
    """
    now: Any = Param("now", DateTimeField())
    return CompiledRow(
        lambda: Heartbeat.objects.filter(name=HEARTBEAT).values_list(
            Exists(Lane.objects.stale(now)),
            Exists(Campaign.objects.running()),
            Exists(Envio.objects.replies().due(now)),
            *restore_guard.columns(shape),
        )[:1]
    )
