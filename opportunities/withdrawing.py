"""Who loses a client stops writing to them: what their campaigns had pending for these clients does not go out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from campaigns.withdrawals import withdraw_pending_of
from leadmaster.accounts.models import User
from leadmaster.directory.models import ContactPoint
from opportunities.models import Opportunity, Promoter


def withdraw_of(rows: Collection[Opportunity], *, by: User | None, now: dt.datetime, reason: str) -> int:
    """Cancel what the owners of these locked rows have pending for their clients; returns how many envíos.

    Three queries when nothing is pending, however many rows.
    """
    owners = {row.client_id: row.owner_id for row in rows if row.owner_id is not None}
    if not owners:
        return 0
    users = dict(Promoter.objects.filter(id__in=set(owners.values())).values_list("id", "user_id"))
    phones = ContactPoint.objects.filter(client__in=owners, kind=ContactPoint.Kind.PHONE, is_valid=True)
    pairs = {(phone, users[owners[client] or 0]) for client, phone in phones.values_list("client_id", "normalised")}
    return withdraw_pending_of(pairs, by=by, now=now, reason=reason)
