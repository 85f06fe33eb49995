"""What is pending for a person who should get nothing more from somebody's campaigns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from campaigns import envio_states
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio
from leadmaster.accounts.models import User


def withdraw_pending(phones: Collection[str], *, owner: User, by: User | None, now: dt.datetime, reason: str) -> int:
    """Cancel what this owner's campaigns have pending for these E.164 phones; returns how many."""
    return withdraw_pending_of({(phone, owner.pk) for phone in phones}, by=by, now=now, reason=reason)


def withdraw_pending_of(pairs: Collection[tuple[str, int]], *, by: User | None, now: dt.datetime, reason: str) -> int:
    """The same for many: pairs of an E.164 phone and the id of the campaign's owner.

    Runs in the caller's transaction. What is in flight already is told truthfully by its own settling. One query when
    nothing is pending.
    """
    if not pairs:
        return 0
    wanted = set(pairs)
    pending = Envio.objects.filter(
        phone__in={phone for phone, _owner in wanted},
        state=EnvioState.PENDING,
        campaign__owner__in={owner for _phone, owner in wanted},
    )
    ids = [
        envio_id
        for envio_id, phone, owner in pending.order_by("id").values_list("id", "phone", "campaign__owner")
        if (phone, owner) in wanted
    ]
    # Locked before they are moved, so that what is written down is what this call cancelled and nothing else.
    locked = Envio.objects.filter(id__in=ids, state=EnvioState.PENDING).order_by("id").select_for_update()
    mine = list(locked.values_list("id", flat=True)) if ids else []
    if not mine:
        return 0
    moved = envio_states.move(*mine, source=EnvioState.PENDING, target=EnvioState.CANCELLED, ended_at=now)
    envio_states.record(
        mine,
        source=EnvioState.PENDING,
        target=EnvioState.CANCELLED,
        evidence=Evidence.CAMPAIGN,
        now=now,
        by=by,
        reason=reason,
    )
    return moved
