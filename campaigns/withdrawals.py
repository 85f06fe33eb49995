"""What is pending for a person who should get nothing more from somebody's campaigns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import QuerySet

from campaigns import envio_states
from campaigns.enums import ENVIO_OPEN, EnvioState, Evidence
from campaigns.models import Envio
from leadmaster.accounts.models import User


def withdraw_pending(phones: Collection[str], *, owner: User, by: User | None, now: dt.datetime, reason: str) -> int:
    """Cancel what this owner's campaigns have open for these E.164 phones; returns how many were cancelled."""
    return withdraw_pending_of({(phone, owner.pk) for phone in phones}, by=by, now=now, reason=reason)


def withdraw_pending_of(pairs: Collection[tuple[str, int]], *, by: User | None, now: dt.datetime, reason: str) -> int:
    """The same for many: pairs of an E.164 phone and the id of the campaign's owner.

    Runs in the caller's transaction. What a worker holds and has not handed over yet is cancelled under its hands: its
    last look before the socket finds it gone. What may have left is told truthfully by its own settling, and marked:
    should it come back unsent, it ends as `cancelado` (`envio_states`). One query when nothing is open.
    """
    if not pairs:
        return 0
    mine = _locked(set(pairs))
    not_left = [
        (source, [envio.pk for envio in mine if _not_left(envio) and envio.state == source]) for source in _HELD
    ]
    cancelled = sum(_cancel(source, ids, by=by, now=now, reason=reason) for source, ids in not_left if ids)
    for source in (EnvioState.SENDING, EnvioState.UNCERTAIN):
        ids = [envio.pk for envio in mine if not _not_left(envio) and envio.state == source]
        # A mark moves nothing: it goes from a state to the same.
        _record(ids, source, source, Evidence.WITHDRAWN, by=by, now=now, reason=reason)
    return cancelled


def count_pending_of(pairs: Collection[tuple[str, int]]) -> int:
    """How many envíos the same call would find open now. One query; nothing is locked."""
    wanted = set(pairs)
    return sum(pair in wanted for pair in _open_of(wanted).values_list("phone", "campaign__owner")) if wanted else 0


_HELD = (EnvioState.PENDING, EnvioState.SENDING)


def _locked(wanted: Collection[tuple[str, int]]) -> list[Envio]:
    """Locked before they are moved, so that what is written down is what this call did and nothing else."""
    found = _open_of(wanted).values_list("id", "phone", "campaign__owner")
    ids = [envio_id for envio_id, phone, owner in found.order_by("id") if (phone, owner) in wanted]
    if not ids:
        return []
    rows = Envio.objects.filter(id__in=ids, state__in=ENVIO_OPEN).order_by("id").select_for_update()
    return list(rows.only("state", "dispatched_at"))


def _open_of(wanted: Collection[tuple[str, int]]) -> QuerySet[Envio]:
    """Open for any of these phones from any of these owners: which pairs are meant, the caller looks."""
    return Envio.objects.filter(
        phone__in={phone for phone, _owner in wanted},
        state__in=ENVIO_OPEN,
        campaign__owner__in={owner for _phone, owner in wanted},
    )


def _not_left(envio: Envio) -> bool:
    """Whether nobody has handed it to the gateway."""
    return envio.state == EnvioState.PENDING or (envio.state == EnvioState.SENDING and envio.dispatched_at is None)


def _cancel(source: EnvioState, ids: Collection[int], *, by: User | None, now: dt.datetime, reason: str) -> int:
    moved = envio_states.move(*ids, source=source, target=EnvioState.CANCELLED, ended_at=now)
    _record(ids, source, EnvioState.CANCELLED, Evidence.CAMPAIGN, by=by, now=now, reason=reason)
    return moved


def _record(
    ids: Collection[int],
    source: EnvioState,
    target: EnvioState,
    evidence: Evidence,
    *,
    by: User | None,
    now: dt.datetime,
    reason: str,
) -> None:
    if ids:
        envio_states.record(ids, source=source, target=target, evidence=evidence, now=now, by=by, reason=reason)
