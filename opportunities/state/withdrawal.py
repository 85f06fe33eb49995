"""Who loses a client stops writing to them: what their campaigns had pending for these clients does not go out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from campaigns.withdrawals import count_pending_of, withdraw_pending_of
from leadmaster.accounts.models import User
from leadmaster.directory.models import ContactPoint
from opportunities.models import Opportunity, Promoter


def withdraw_of(rows: Collection[Opportunity], *, by: User | None, now: dt.datetime, reason: str) -> int:
    """Cancel what the owners of these locked rows have pending for their clients; returns how many envíos.

    Three queries when nothing is pending, however many rows.
    """
    return withdraw_pending_of(_written_to(rows), by=by, now=now, reason=reason)


def pending_of(rows: Collection[Opportunity]) -> int:
    """How many envíos would be withdrawn now. Three queries at the most, however many rows."""
    return count_pending_of(_written_to(rows))


def _written_to(rows: Collection[Opportunity]) -> set[tuple[str, int]]:
    """Each phone of each client, with the user of who works that client."""
    owners = {row.client_id: row.owner_id for row in rows if row.owner_id is not None}
    if not owners:
        return set()
    users = dict(Promoter.objects.filter(id__in=set(owners.values())).values_list("id", "user_id"))
    phones = ContactPoint.objects.filter(client__in=owners, kind=ContactPoint.Kind.PHONE, is_valid=True)
    return {(phone, users[owners[client] or 0]) for client, phone in phones.values_list("client_id", "normalised")}
