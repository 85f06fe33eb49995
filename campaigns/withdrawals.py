"""What is pending for a person who should get nothing more: from one owner's campaigns, or from all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from campaigns import envio_states
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio
from leadmaster.accounts.models import User


def withdraw_pending(phones: Collection[str], *, owner: User, by: User | None, now: dt.datetime, reason: str) -> int:
    """Cancel what this owner's campaigns have pending for these E.164 phones; returns how many.

    Runs in the caller's transaction. What is in flight already is told truthfully by its own settling.
    """
    if not phones:
        return 0
    ids = list(
        Envio.objects.filter(phone__in=phones, state=EnvioState.PENDING, campaign__owner=owner)
        .order_by("id")
        .values_list("id", flat=True)
    )
    moved = envio_states.move(*ids, source=EnvioState.PENDING, target=EnvioState.CANCELLED, ended_at=now) if ids else 0
    if moved:
        withdrawn = Envio.objects.filter(id__in=ids, state=EnvioState.CANCELLED, ended_at=now)
        envio_states.record(
            list(withdrawn.values_list("id", flat=True)),
            source=EnvioState.PENDING,
            target=EnvioState.CANCELLED,
            evidence=Evidence.CAMPAIGN,
            now=now,
            by=by,
            reason=reason,
        )
    return moved
