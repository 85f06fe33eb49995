"""Give back what a worker that died was holding. Lanes are few, so stale leases are found through them."""

from __future__ import annotations

import datetime as dt
import functools
import logging
import random

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns import envio_states
from campaigns.engine import diag
from campaigns.engine.settle import MAX_ATTEMPTS, RESTORED, close_attempt, free_lane, pause_after, refund
from campaigns.engine.timing import LOOKUP_AFTER, back_off
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio, JournalReport, Lane
from leadmaster.lib.db.retry import retrying

logger = logging.getLogger(__name__)

LEASE = "LEASE"
_BATCH = 200


def reap(now: dt.datetime, *, rng: random.Random) -> int:
    """Settle every lease that ran out before `now`; returns how many. One query when there is none."""
    reaped = 0
    for lane_id in Lane.objects.stale(now).order_by("id").values_list("id", flat=True)[:_BATCH]:
        try:
            reaped += retrying(functools.partial(_reap_lane, lane_id, now, rng))
        except Exception:
            logger.critical("the lease of lane %s ran out and could not be taken back", lane_id, exc_info=True)
    return reaped


@transaction.atomic(durable=True)
def _reap_lane(lane_id: int, now: dt.datetime, rng: random.Random) -> int:
    lane = Lane.objects.stale(now).filter(pk=lane_id).select_for_update(skip_locked=True).first()
    if lane is None or lane.token is None:
        return 0
    free_lost(lane, now=now, rng=rng)
    return 1


def free_lost(lane: Lane, *, now: dt.datetime, rng: random.Random) -> None:
    """Free a lane, which is locked, from whoever does not use it any more, and settle what it carried."""
    attempt = Attempt.objects.filter(token=lane.token).first() if lane.token else None
    if attempt is None:
        _free(lane, None, None, now, rng)
        return
    envio = Envio.objects.select_for_update().get(pk=attempt.envio_id)
    left = left_at(attempt, envio)
    if envio.token == lane.token:
        _give_back(envio, now, rng)
    close_lost(attempt, left, now=now)
    _free(lane, envio, left, now, rng)


def take_back(envio: Envio, *, now: dt.datetime, rng: random.Random) -> None:
    """Settle an envío, which is locked with its lane, that nobody is sending any more, whoever holds the lane now."""
    if envio.lane is not None and envio.lane.token == envio.token:
        free_lost(envio.lane, now=now, rng=rng)
        return
    attempt = Attempt.objects.filter(token=envio.token).first() if envio.token else None
    _give_back(envio, now, rng)
    if attempt is not None:
        close_lost(attempt, left_at(attempt, envio), now=now)


def left_at(attempt: Attempt, envio: Envio) -> dt.datetime | None:
    """When this try began to leave; None for one that never did. The row forgets it as soon as it is claimed again."""
    if envio.dispatched_at is None or envio.dispatched_at < attempt.claimed_at:
        return None
    return envio.dispatched_at


def _give_back(envio: Envio, now: dt.datetime, rng: random.Random) -> None:
    """`pendiente` when the request never began, `incierto` when it did: nobody may say that it didn't arrive.

    After a restore nobody knows that it never began until every journal was read. What may be tried again waits for that
    as `pendiente`, with the switch off; what had its last try waits as `incierto`.
    """
    fields: dict[str, object] = {"error_code": LEASE, "error_text": _reason()}
    evidence, reason = Evidence.LEASE, _reason()
    last_try = envio.attempts >= envio.max_attempts
    if envio.dispatched_at is not None:
        target = EnvioState.UNCERTAIN
        fields |= {"lookups": 0, "lookup_due": now + LOOKUP_AFTER[0]}
    elif last_try and JournalReport.objects.awaited().exists():
        target, evidence = EnvioState.UNCERTAIN, Evidence.RESTORE
        reason = _(
            "La base de datos volvió de un respaldo y falta leer un diario: este envío pudo haber salido después."
        )
        fields |= {"error_code": RESTORED, "error_text": reason, "lookups": 0, "lookup_due": now + LOOKUP_AFTER[0]}
    elif last_try:
        target = EnvioState.ERROR
        fields |= {"error_code": MAX_ATTEMPTS, "ended_at": now}
    else:
        target = EnvioState.PENDING
        fields["next_due"] = now + back_off(envio.attempts, rng=rng)
    envio_states.record([envio.pk], source=EnvioState.SENDING, target=target, evidence=evidence, now=now, reason=reason)
    envio_states.move(envio.pk, source=EnvioState.SENDING, target=target, guard=Q(token=envio.token), now=now, **fields)
    diag.step("reaped", envio=envio.pk, session=envio.session_id, result=target)


def close_lost(attempt: Attempt, left: dt.datetime | None, *, now: dt.datetime) -> None:
    """Close the try of a process that is gone; what never left is given back to the day it was charged to."""
    close_attempt(
        attempt.token,
        AttemptOutcome.UNKNOWN if left else AttemptOutcome.NOT_SENT,
        now=now,
        code=LEASE,
        detail=_reason(),
        dispatched_at=left,
    )
    if left is None:
        refund(attempt.token, session_day_id=attempt.session_day_id, schedule_day_id=attempt.schedule_day_id)


def _free(lane: Lane, envio: Envio | None, left: dt.datetime | None, now: dt.datetime, rng: random.Random) -> None:
    """A message that may have left is followed by its campaign's pause, counted from when it left."""
    if lane.token is None:
        return
    if envio is None or left is None or envio.campaign is None:
        # Nothing left, or a reply, which was taken before the lane was due: campaigns keep the pace that they had.
        free_lane(lane.pk, lane.token, next_due=max(now, lane.next_due), burst_count=lane.burst_count)
        return
    rest, burst_count = pause_after(envio.campaign, lane.burst_count, rng=rng)
    free_lane(lane.pk, lane.token, next_due=max(now, left + rest), burst_count=burst_count)


def _reason() -> str:
    return _("El proceso que lo enviaba dejó de responder.")
