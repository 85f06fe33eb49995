"""A POST with a key acts at most once, whatever is repeated, races or dies.

The key is written down, in a transaction of its own, before anything is done. What the repetition finds tells it what
to do: an answer is replayed, a request that is being carried out is not joined, and one whose process died is carried
out again only if it was of the kind that a crash undoes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import time
import uuid

from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _

from leadmaster.lib.db.retry import drop_broken_connection, is_lost_connection
from leadmaster.ops.models import IdempotentRequest

# How long a repetition gets the first answer.
REMEMBERED = dt.timedelta(hours=24)
# No request is still being carried out after this: the web server has given up on it long before.
LEASE = dt.timedelta(minutes=10)
_SWEEP = 100
# Between the tries to free a key: a database that is being restarted is back within seconds, or not soon.
_PAUSES = (0.05, 0.5, 2.0)

logger = logging.getLogger(__name__)


class KeyConflictError(Exception):
    """The key can't be used for this request now. `str()` is for people; nothing was done."""

    retry_after: int | None = None


class KeyReusedError(KeyConflictError):
    """The key belongs to another request."""


class InProgressError(KeyConflictError):
    """The first one is still being carried out."""

    retry_after = 2


class UnfinishedError(KeyConflictError):
    """The first one ended without telling whether it acted."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to carry a request out, or, with `status` and `answer`, what was answered before."""

    row_id: int
    token: uuid.UUID
    status: int | None = None
    answer: str = ""


def claim(user_id: int, *, key: str, fingerprint: str, undone_by_crash: bool, now: dt.datetime) -> Claim:
    """Take the key, or say what it was answered. Raises KeyReusedError, InProgressError or UnfinishedError.

    `undone_by_crash`: the act and the answer commit together, so an act without an answer did not happen and may be
    taken over once its lease ran out.
    """
    _sweep(user_id, now=now)
    token = uuid.uuid4()
    fresh = IdempotentRequest(
        user_id=user_id,
        key=key,
        fingerprint=fingerprint,
        token=token,
        lease_until=now + LEASE,
        started_at=now,
        expires_at=now + REMEMBERED,
    )
    try:
        with transaction.atomic(durable=True):
            fresh.save(force_insert=True)
    except IntegrityError:
        return _repeat(user_id, key=key, fingerprint=fingerprint, undone_by_crash=undone_by_crash, now=now)
    return Claim(row_id=fresh.pk, token=token)


def finish(mine: Claim, *, status: int, answer: str, now: dt.datetime) -> None:
    """Keep the answer for the repetitions. Raises InProgressError when somebody took the request over in the meantime."""
    kept = IdempotentRequest.objects.filter(pk=mine.row_id, token=mine.token, answered_at__isnull=True).update(
        answered_at=now, status=status, answer=answer
    )
    if kept != 1:
        raise InProgressError(_in_progress_sentence())


def release(mine: Claim) -> None:
    """It was answered that nothing came of it: the key is free again, also when it failed because the database went away.

    Never raises for a database that stays away: the answer goes out, and the key waits for its lease.
    """
    for pause in (*_PAUSES, None):
        try:
            IdempotentRequest.objects.filter(pk=mine.row_id, token=mine.token, answered_at__isnull=True).delete()
            return
        except DatabaseError as error:
            if is_lost_connection(error):
                drop_broken_connection()
            if pause is None:
                logger.warning("an idempotency key could not be freed", exc_info=error)
                return
            time.sleep(pause)


def _repeat(user_id: int, *, key: str, fingerprint: str, undone_by_crash: bool, now: dt.datetime) -> Claim:
    row = IdempotentRequest.objects.filter(user_id=user_id, key=key).first()
    if row is None or row.expires_at <= now:
        # Released or forgotten between our insert and our look: the next try finds the key free.
        IdempotentRequest.objects.filter(user_id=user_id, key=key, expires_at__lte=now).delete()
        raise InProgressError(_in_progress_sentence())
    if row.fingerprint != fingerprint:
        raise KeyReusedError(
            _("Esa Idempotency-Key ya se usó con otra solicitud. Usa una clave nueva para cada cosa que pidas.")
        )
    if row.status is not None:
        return Claim(row_id=row.pk, token=row.token, status=row.status, answer=row.answer)
    if row.lease_until > now:
        raise InProgressError(_in_progress_sentence())
    if not undone_by_crash:
        raise UnfinishedError(
            _(
                "La primera solicitud con esta clave empezó y no llegó a responder. "
                "Comprueba si se hizo; si falta, repítela con una clave nueva."
            )
        )
    return _take_over(row, now=now)


def _take_over(row: IdempotentRequest, *, now: dt.datetime) -> Claim:
    token = uuid.uuid4()
    taken = IdempotentRequest.objects.filter(pk=row.pk, token=row.token, answered_at__isnull=True).update(
        token=token, lease_until=now + LEASE
    )
    if taken != 1:
        raise InProgressError(_in_progress_sentence())
    return Claim(row_id=row.pk, token=token)


def _sweep(user_id: int, *, now: dt.datetime) -> None:
    """Forget a few of this person's old keys: whoever adds rows pays for their removal."""
    old = list(
        IdempotentRequest.objects.filter(user_id=user_id, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("pk", flat=True)[:_SWEEP]
    )
    if old:
        IdempotentRequest.objects.filter(pk__in=old).delete()


def _in_progress_sentence() -> str:
    return _("La misma solicitud se está atendiendo. Espera unos segundos y repítela con la misma clave.")
