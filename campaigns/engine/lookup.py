"""Ask gateways about uncertain envíos, by our own message id: after 30 s, 2, 10 and 60 minutes.

"Found" is proof. "Not found" sends the envío back to `pendiente` only where a mistake could do no harm: the gateway
indexes our ids, recognises a repeat, and the send's deadline is long past. Everything else waits for a person.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns import envio_states, receipts
from campaigns.engine import diag
from campaigns.engine.send import OpenGateway
from campaigns.engine.settle import refund
from campaigns.engine.timing import LOOKUP_AFTER, lease
from campaigns.enums import CAMPAIGN_ENDED, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio
from campaigns.models.envio import REPLY_KEEPS
from leadmaster.lib.db.retry import retrying
from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayError, Outcome, Scope, SendResult
from whatsapp.gateways.registry import open_gateway as open_real_gateway

_BATCH = 200
_THREADS = 16

Found = SendResult | GatewayError | None
_NO_ANSWER = GatewayError("", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code="NO_ANSWER")


def run_lookups(now: dt.datetime, *, open_gateway: OpenGateway = open_real_gateway) -> int:
    """Ask about every uncertain envío whose turn it is; returns how many were settled. One query when there is none."""
    due = list(
        Envio.objects.uncertain()
        .filter(lookup_due__lte=now)
        .select_related("session", "campaign")
        .order_by("lookup_due", "id")[:_BATCH]
    )
    askable = [envio for envio in due if sessions.has_capability(envio.session, Capability.LOOKUP)]
    silent = {envio.pk for envio in due} - {envio.pk for envio in askable}
    Envio.objects.filter(pk__in=silent, state=EnvioState.UNCERTAIN).update(lookup_due=None)
    if not askable:
        return 0
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(askable))) as pool:
        answers = list(pool.map(_question(open_gateway), askable))
    return sum(_apply(envio, answer, now) for envio, answer in zip(askable, answers, strict=True))


def _question(open_gateway: OpenGateway) -> Callable[[Envio], Found]:
    def ask(envio: Envio) -> Found:
        try:
            return open_gateway(envio.session.gateway_config()).lookup(envio.client_message_id)
        except GatewayError as error:
            return error
        except Exception as error:  # noqa: BLE001 - one gateway's trouble keeps nobody else from being asked about
            diag.step("lookup_failed", envio=envio.pk, code=type(error).__name__)
            return _NO_ANSWER

    return ask


def _apply(envio: Envio, answer: Found, now: dt.datetime) -> bool:
    """Act on one answer. Everything asks for the same try again: the row may have been sent anew meanwhile."""
    if isinstance(answer, SendResult):
        try:
            retrying(functools.partial(_prove, envio, answer, now))
        except IntegrityError:
            # Another envío has that message id: this answer proves nothing, and asking goes on as after an empty one.
            diag.step("lookup_conflict", envio=envio.pk)
            return _ask_later(envio, now)
        return True
    if answer is None and _may_resend(envio, now):
        return retrying(functools.partial(_resend, envio, now))
    if isinstance(answer, GatewayError) and answer.outcome is Outcome.REFUSED:
        return retrying(functools.partial(_refuse, envio, answer, now))
    return _ask_later(envio, now)


def _ask_later(envio: Envio, now: dt.datetime) -> bool:
    """Once more, until it was asked about often enough. Never settles anything."""
    nth = envio.lookups + 1
    later = now + LOOKUP_AFTER[nth] if nth < len(LOOKUP_AFTER) else None
    Envio.objects.filter(_same_try(envio), pk=envio.pk, state=EnvioState.UNCERTAIN).update(
        lookups=nth, lookup_due=later
    )
    return False


def _same_try(envio: Envio) -> Q:
    return Q(attempts=envio.attempts, dispatched_at=envio.dispatched_at)


@transaction.atomic(durable=True)
def _prove(envio: Envio, found: SendResult, now: dt.datetime) -> None:
    receipts.prove_sent(
        envio.pk,
        message_id=found.message_id,
        evidence=Evidence.LOOKUP,
        at=envio.dispatched_at or now,
        now=now,
    )
    receipts.apply_early(envio.session_id, found.message_id, envio_id=envio.pk, now=now)
    doubtful = _doubtful_try(envio)
    if doubtful is not None:
        Attempt.objects.filter(pk=doubtful.pk).update(outcome=AttemptOutcome.SENT, message_id=found.message_id)


def _doubtful_try(envio: Envio) -> Attempt | None:
    """The try that the look-up speaks of: the last one, if it ended in doubt."""
    last = Attempt.objects.filter(envio=envio).order_by("-id").first()
    return last if last is not None and last.outcome == AttemptOutcome.UNKNOWN else None


def _may_resend(envio: Envio, now: dt.datetime) -> bool:
    """Whether "not found" counts for this envío now."""
    if not sessions.has_capability(envio.session, Capability.DEDUPE):
        return False
    if envio.attempts >= envio.max_attempts or _is_over(envio, now):
        return False
    # A worker that was stopped with the request half made could still finish it until its lease is over.
    return envio.dispatched_at is None or envio.dispatched_at + lease() < now


def _is_over(envio: Envio, now: dt.datetime) -> bool:
    """Whether it would not go out any more: then it waits for a person."""
    if envio.campaign is None:
        return envio.created_at <= now - REPLY_KEEPS
    return envio.campaign.state in CAMPAIGN_ENDED


@transaction.atomic(durable=True)
def _resend(envio: Envio, now: dt.datetime) -> bool:
    moved = envio_states.move(
        envio.pk,
        source=EnvioState.UNCERTAIN,
        target=EnvioState.PENDING,
        guard=_same_try(envio),
        now=now,
        next_due=now,
        dispatched_at=None,
        lookup_due=None,
    )
    if moved:
        envio_states.record(
            [envio.pk],
            source=EnvioState.UNCERTAIN,
            target=EnvioState.PENDING,
            evidence=Evidence.LOOKUP,
            now=now,
            reason=_("El gateway no lo conoce y reconoce repeticiones: puede volver a salir."),
        )
        _give_back_what_it_cost(envio)
    return bool(moved)


def _give_back_what_it_cost(envio: Envio) -> None:
    """Proven never sent: the day that was charged for that try gets it back, and the next try pays for itself."""
    doubtful = _doubtful_try(envio)
    if doubtful is not None:
        Attempt.objects.filter(pk=doubtful.pk).update(outcome=AttemptOutcome.NOT_SENT)
        refund(doubtful.token, session_day_id=doubtful.session_day_id, schedule_day_id=doubtful.schedule_day_id)


@transaction.atomic(durable=True)
def _refuse(envio: Envio, error: GatewayError, now: dt.datetime) -> bool:
    """The gateway knows it and knows that it failed. True for one try; of several, one may still have arrived."""
    if Attempt.objects.filter(envio=envio, outcome=AttemptOutcome.UNKNOWN).count() > 1:
        Envio.objects.filter(pk=envio.pk, state=EnvioState.UNCERTAIN).update(lookup_due=None)
        return False
    moved = envio_states.move(
        envio.pk,
        source=EnvioState.UNCERTAIN,
        target=EnvioState.ERROR,
        guard=_same_try(envio),
        ended_at=now,
        lookup_due=None,
        error_code=error.code[:64],
        error_text=error.detail[:300],
    )
    if moved:
        envio_states.record(
            [envio.pk],
            source=EnvioState.UNCERTAIN,
            target=EnvioState.ERROR,
            evidence=Evidence.LOOKUP,
            now=now,
            reason=error.code,
        )
    return bool(moved)
