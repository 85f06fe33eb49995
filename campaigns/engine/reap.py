"""Give back what a worker that died was holding. Lanes are few, so stale leases are found through them."""

from __future__ import annotations

import datetime as dt
import functools
import random

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns import envio_states
from campaigns.engine import diag
from campaigns.engine.settle import MAX_ATTEMPTS, close_attempt, free_lane, refund
from campaigns.engine.timing import LOOKUP_AFTER, back_off
from campaigns.enums import AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio, Lane
from leadmaster.lib.db import retrying

LEASE = "LEASE"
_BATCH = 200


def reap(now: dt.datetime, *, chance: random.Random) -> int:
    """Settle every lease that ran out before `now`; returns how many. One query when there is none."""
    stale = list(Lane.objects.stale(now).order_by("id").values_list("id", flat=True)[:_BATCH])
    return sum(retrying(functools.partial(_reap_lane, lane_id, now, chance)) for lane_id in stale)


@transaction.atomic(durable=True)
def _reap_lane(lane_id: int, now: dt.datetime, chance: random.Random) -> int:
    lane = Lane.objects.stale(now).filter(pk=lane_id).select_for_update(skip_locked=True).first()
    if lane is None or lane.token is None:
        return 0
    envio = Envio.objects.select_for_update().select_related("campaign").filter(lane=lane, token=lane.token).first()
    if envio is not None:
        _give_back(envio, now, chance)
    free_lane(lane.pk, lane.token, next_due=now)
    return 1


def _give_back(envio: Envio, now: dt.datetime, chance: random.Random) -> None:
    """`pendiente` when the request never began, `incierto` when it did: nobody may say that it didn't arrive."""
    token = envio.token
    if token is None:
        return
    began = envio.dispatched_at is not None
    reason = _("El proceso que lo enviaba dejó de responder.")
    fields: dict[str, object] = {"error_code": LEASE, "error_text": reason}
    if began:
        target = EnvioState.UNCERTAIN
        fields |= {"lookups": 0, "lookup_due": now + LOOKUP_AFTER[0]}
    elif envio.attempts >= envio.campaign.max_attempts:
        target = EnvioState.ERROR
        fields |= {"error_code": MAX_ATTEMPTS, "ended_at": now}
    else:
        target = EnvioState.PENDING
        fields["next_due"] = now + back_off(envio.attempts, chance=chance)
    envio_states.move(envio.pk, source=EnvioState.SENDING, target=target, guard=Q(token=token), **fields)
    envio_states.record(
        [envio.pk], source=EnvioState.SENDING, target=target, evidence=Evidence.LEASE, now=now, reason=reason
    )
    close_attempt(
        token,
        AttemptOutcome.UNKNOWN if began else AttemptOutcome.NOT_SENT,
        now=now,
        code=LEASE,
        detail=reason,
        dispatched_at=envio.dispatched_at,
    )
    if not began:
        attempt = Attempt.objects.get(token=token)
        refund(token, session_day_id=attempt.session_day_id, schedule_day_id=attempt.schedule_day_id)
    diag.step("reaped", envio=envio.pk, session=envio.session_id, result=target)
