"""A client that a promoter lost is not offered to the same promoter again for a while."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from django.db import connection

from opportunities.models import CoolDown, Opportunity, Promoter, Stage

_DEFAULT_DAYS = 7


def start(rows: Collection[Opportunity], *, now: dt.datetime, stage: Stage | None = None) -> None:
    """Start the cool-down of each locked row's owner and client; `stage` (else the row's own) says for how many days.

    The later end wins. Three queries, however many rows.
    """
    wanted = _wanted(rows, now=now, stage=stage)
    if not wanted:
        return
    # Cool-downs change under their client's lock alone, so what is read here stays true.
    there = CoolDown.objects.filter(client__in={client for _owner, client in wanted})
    for owner, client, until in there.values_list("promoter_id", "client_id", "until"):
        if (owner, client) in wanted:
            wanted[owner, client] = max(wanted[owner, client], until)
    _write(wanted)


def lift(promoter: Promoter, client_id: int) -> None:
    """A supervisor gives the client to this promoter all the same."""
    CoolDown.objects.filter(promoter=promoter, client_id=client_id).delete()


def resting_until(promoter: Promoter, client_id: int, *, now: dt.datetime) -> dt.datetime | None:
    """Until when this client is not this promoter's to have; None when they may."""
    found = CoolDown.objects.filter(promoter=promoter, client_id=client_id, until__gt=now)
    return found.values_list("until", flat=True).first()


def snapshot(client_id: int) -> dict[str, str]:
    """All of a client's cool-downs, as JSON keeps them: promoter → until."""
    rows = CoolDown.objects.filter(client_id=client_id).order_by("promoter_id")
    return {str(promoter): until.isoformat() for promoter, until in rows.values_list("promoter_id", "until")}


def restore(client_id: int, before: Mapping[str, str]) -> None:
    """The client's cool-downs as `snapshot` found them."""
    CoolDown.objects.filter(client_id=client_id).exclude(promoter__in=[int(key) for key in before]).delete()
    _write({(int(promoter), client_id): dt.datetime.fromisoformat(until) for promoter, until in before.items()})


def _wanted(
    rows: Collection[Opportunity], *, now: dt.datetime, stage: Stage | None
) -> dict[tuple[int, int], dt.datetime]:
    stages = Stage.objects.in_bulk({row.stage_id for row in rows if row.stage_id is not None}) if stage is None else {}
    wanted = {}
    for row in rows:
        at = stage or stages.get(row.stage_id or 0)
        days = at.cooldown_days if at is not None else _DEFAULT_DAYS
        if row.owner_id is not None and days:
            wanted[row.owner_id, row.client_id] = now + dt.timedelta(days=days)
    return wanted


def _write(wanted: Mapping[tuple[int, int], dt.datetime]) -> None:
    if not wanted:
        return
    # SQLite wants the conflict's columns named; MySQL and MariaDB refuse them.
    named = connection.features.supports_update_conflicts_with_target
    CoolDown.objects.bulk_create(
        [
            CoolDown(promoter_id=owner, client_id=client, until=until)
            for (owner, client), until in sorted(wanted.items())
        ],
        update_conflicts=True,
        update_fields=["until"],
        unique_fields=["promoter", "client"] if named else None,
    )
