"""The one door to `Envio.state`: a table of what may follow what, and a guarded UPDATE whose row count is the answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from campaigns import totals
from campaigns.enums import EnvioState, Evidence
from campaigns.models import Envio, EnvioEvent
from leadmaster.accounts.models import User
from leadmaster.lib.db.compiled import CompiledUpdate
from leadmaster.lib.language import in_project_language
from leadmaster.ops import rollups

S = EnvioState

# A success is true wherever it finds the row (truth beats lease), so every state but `enviado` leads to it.
TRANSITIONS: dict[EnvioState, frozenset[EnvioState]] = {
    S.PENDING: frozenset({S.SENDING, S.SENT, S.UNCERTAIN, S.CANCELLED, S.SENT_BY_HAND}),
    S.SENDING: frozenset({S.SENT, S.PENDING, S.ERROR, S.UNCERTAIN, S.CANCELLED}),
    S.UNCERTAIN: frozenset({S.SENT, S.PENDING, S.ERROR, S.CANCELLED, S.SENT_BY_HAND}),
    # Back to a doubt only by a reconciliation that found no proof.
    S.SENT: frozenset({S.ERROR, S.UNCERTAIN}),
    # Back to a doubt only when a journal names a dispatch that a restored database forgot; tried again only by a person,
    # and only what provably did not leave (`afterwards.retry`).
    S.ERROR: frozenset({S.SENT, S.UNCERTAIN, S.PENDING}),
    S.CANCELLED: frozenset({S.SENT, S.UNCERTAIN}),
    S.SENT_BY_HAND: frozenset({S.SENT}),
    S.HISTORICAL: frozenset({S.SENT}),
}

# A campaign whose messages are all in one of these may have its totals written down.
RESTING = frozenset(EnvioState) - totals.RESTLESS

# What statistics count, by when it was sent or ended.
COUNTED = frozenset({S.SENT, S.ERROR, S.SENT_BY_HAND, S.HISTORICAL})

# What a row that nobody holds looks like.
RELEASED: dict[str, Any] = {"lane": None, "token": None, "lease_until": None}


def move(
    *ids: int,
    source: EnvioState,
    target: EnvioState,
    guard: Q | None = None,
    now: dt.datetime | None = None,
    **fields: Any,
) -> int:
    """Move these envíos from `source` to `target` if they are still there and `guard` holds. Returns how many moved.

    What comes back to `pendiente` says when, because it may have been withdrawn while it was in the air: then it ends
    as `cancelado` in the same transaction.
    What leaves a state that statistics count says when, too: the day that it was counted on may be summed already.
    Raises ValueError for a move that the table does not know: that is a mistake in the code, not in the data.
    """
    fields = _checked(source, target, fields)
    if source in COUNTED and now is None:
        raise ValueError("what is counted already says when it changes")
    if now is not None:
        _tell_sums(ids, source, fields, now)
    rows = (
        Envio.objects.filter(state=source, id__in=ids)
        if len(ids) != 1
        else Envio.objects.filter(id=ids[0], state=source)
    )
    if guard is not None:
        rows = rows.filter(guard)
    moved = rows.update(state=target, **fields)
    if moved and source in RESTING:
        totals.drop_groups(*ids)
    if target == S.PENDING:
        if now is None:
            raise ValueError("what comes back to pendiente says when")
        if moved:
            _end_withdrawn(ids, now)
    return moved


@transaction.atomic
def end_reply(envio_id: int, *, evidence: Evidence, reason: str, now: dt.datetime) -> int:
    """A reply that waits will not go out: `cancelado`, with its reason where its author reads it. Returns 1, or 0 when
    something else moved it meanwhile."""
    source, target = S.PENDING, S.CANCELLED
    fields: dict[str, Any] = {"ended_at": now, "error_code": evidence.name, "error_text": reason[:300]}
    moved = move(envio_id, source=source, target=target, guard=Q(campaign__isnull=True), **fields)
    if moved:
        record([envio_id], source=source, target=target, evidence=evidence, now=now, reason=reason)
    return moved


def _tell_sums(ids: Collection[int], source: EnvioState, fields: dict[str, Any], now: dt.datetime) -> None:
    """The days on which they were counted, and those on which they are counted from now on."""
    moments = {fields.get("sent_at"), fields.get("ended_at")}
    if source in COUNTED:
        for pair in Envio.objects.filter(id__in=ids).values_list("sent_at", "ended_at"):
            moments.update(pair)
    rollups.changed(moments, now=now)


@in_project_language
def _end_withdrawn(ids: Collection[int], now: dt.datetime) -> None:
    """Asked after the move, whose rows are locked: who withdraws meanwhile waits, and then finds them pending."""
    marks = EnvioEvent.objects.filter(
        envio__in=ids, evidence__in=(Evidence.WITHDRAWN, Evidence.ERASED), envio__state=S.PENDING
    )
    withdrawn = sorted(set(marks.values_list("envio_id", flat=True)))
    if not withdrawn:
        return
    move(*withdrawn, source=S.PENDING, target=S.CANCELLED, ended_at=now)
    reason = _("No llegó a salir, y se había retirado mientras estaba en camino.")
    record(withdrawn, source=S.PENDING, target=S.CANCELLED, evidence=Evidence.WITHDRAWN, now=now, reason=reason)


def compiled_move(
    rows: Callable[[], QuerySet[Envio]], *, source: EnvioState, target: EnvioState, **fields: Any
) -> CompiledUpdate:
    """The same door for a move that every message makes: checked here, compiled once. `rows` is the guard.

    Only for messages that have yet to come to rest: nothing is written down of their campaigns.
    """
    fields = _checked(source, target, fields)
    if source in RESTING:
        raise ValueError(f"an envío that rests as {source} moves by `move`")
    return CompiledUpdate(lambda: rows().filter(state=source), state=target, **fields)


def _checked(source: EnvioState, target: EnvioState, fields: dict[str, Any]) -> dict[str, Any]:
    if target not in TRANSITIONS[source]:
        raise ValueError(f"an envío never goes from {source} to {target}")
    return {**RELEASED, **fields} if source == S.SENDING else fields


def record(
    ids: Collection[int],
    *,
    source: EnvioState,
    target: EnvioState,
    evidence: Evidence,
    now: dt.datetime,
    by: User | None = None,
    reason: str = "",
) -> None:
    """Write the history line of each move. Called in the transaction of the move."""
    EnvioEvent.objects.bulk_create(
        [
            EnvioEvent(
                envio_id=envio_id,
                at=now,
                by=by,
                evidence=evidence,
                from_state=source,
                to_state=target,
                reason=reason[:300],
            )
            for envio_id in ids
        ]
    )
