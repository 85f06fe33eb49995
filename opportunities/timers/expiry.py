"""What is overdue goes to the pool, some hundreds at a time.

It is overdue for everybody from its deadline on; `expire_timers` only moves it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.lib.db.retry import retrying
from opportunities.clocks.countdown import is_overdue
from opportunities.enums import EventKind, OpportunityState
from opportunities.models import Opportunity
from opportunities.state import cooldowns, locking, machine, withdrawal

BATCH = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExpiryReport:
    """What one pass of the cron did."""

    expired: int
    batches: int


def expire_timers(now: dt.datetime, *, limit: int | None = None) -> ExpiryReport:
    """Move what is overdue to the pool, in batches with their own transaction. Safe to run twice at once or to die."""
    expired = batches = 0
    while limit is None or expired < limit:
        size = BATCH if limit is None else min(BATCH, limit - expired)
        moved = retrying(functools.partial(_expire_batch, now, size))
        if not moved:
            break
        expired, batches = expired + moved, batches + 1
    return ExpiryReport(expired=expired, batches=batches)


@transaction.atomic(durable=True)
def _expire_batch(now: dt.datetime, size: int) -> int:
    rows = _take(now, size)
    expire_locked(rows, now=now)
    return len(rows)


def expire_locked(rows: Sequence[Opportunity], *, now: dt.datetime) -> None:
    """Move these locked, overdue rows to the pool. Runs in a transaction."""
    cooldowns.start(rows, now=now)
    withdrawal.withdraw_of(rows, by=None, now=now, reason=_("Venció el plazo de la oportunidad."))
    machine.change(
        rows,
        OpportunityState.POOL,
        kind=EventKind.EXPIRED,
        now=now,
        by=None,
        reason=_("Venció el plazo de la etapa."),
    )


def _take(now: dt.datetime, most: int) -> list[Opportunity]:
    """Lock up to `most` of what is overdue, the longest first, with their clients; what somebody holds is left to them.

    What the index said may have changed until it was locked; and clocks that have not followed a change of hours follow
    it with their lock: by the new ones they are perhaps not overdue.
    """
    overdue = Opportunity.objects.overdue(now).order_by("deadline", "id").values_list("id", flat=True)
    rows = locking.lock_free(list(overdue[:most]))
    return [row for row in rows if is_overdue(row, now)]
