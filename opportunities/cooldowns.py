"""A client that a promoter lost is not offered to the same promoter again for a while."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import connection

from opportunities.models import CoolDown, Opportunity, Promoter, Stage

_DEFAULT_DAYS = 7


def rest(rows: Collection[Opportunity], *, now: dt.datetime, stage: Stage | None = None) -> None:
    """Start the cool-down of each row's owner and client; `stage` (else the row's own) says for how many days.

    One query, two when rows name different stages. The later end wins.
    """
    stages = Stage.objects.in_bulk({row.stage_id for row in rows if row.stage_id is not None})
    wanted = []
    for row in rows:
        if row.owner_id is None:
            continue
        at = stage or stages.get(row.stage_id or 0)
        days = at.cooldown_days if at is not None else _DEFAULT_DAYS
        if days:
            wanted.append(
                CoolDown(promoter_id=row.owner_id, client_id=row.client_id, until=now + dt.timedelta(days=days))
            )
    if not wanted:
        return
    # SQLite wants the conflict's columns named; MySQL and MariaDB refuse them.
    named = connection.features.supports_update_conflicts_with_target
    CoolDown.objects.bulk_create(
        sorted(wanted, key=lambda one: (one.promoter_id, one.client_id)),
        update_conflicts=True,
        update_fields=["until"],
        unique_fields=["promoter", "client"] if named else None,
    )


def lift(promoter: Promoter, client_id: int) -> None:
    """A supervisor gives the client to this promoter all the same."""
    CoolDown.objects.filter(promoter=promoter, client_id=client_id).delete()
