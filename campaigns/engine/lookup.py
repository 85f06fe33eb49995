"""Ask gateways about uncertain envíos, by our own message id: after 30 s, 2, 10 and 60 minutes.

"Found" is proof. "Not found" sends the envío back to `pendiente` only where a mistake could do no harm: the gateway
indexes our ids, recognises a repeat, and the send's deadline is long past. Everything else waits for a person.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from campaigns import envio_states, receipts
from campaigns.engine import diag
from campaigns.engine.send import OpenGateway
from campaigns.engine.timing import DISPATCH_FRESH_SECONDS, LEASE_SECONDS, LOOKUP_AFTER
from campaigns.enums import CAMPAIGN_ENDED, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio
from leadmaster.lib.db import retrying
from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayError, SendResult
from whatsapp.gateways.registry import open_gateway as open_real_gateway

_BATCH = 200
_THREADS = 16

Found = SendResult | GatewayError | None


def run_lookups(now: dt.datetime, *, open_gateway: OpenGateway = open_real_gateway) -> int:
    """Ask about every uncertain envío whose turn it is; returns how many were settled. One query when there is none."""
    due = list(
        Envio.objects.uncertain()
        .filter(lookup_due__lte=now)
        .select_related("session", "campaign")
        .order_by("lookup_due", "id")[:_BATCH]
    )
    askable = [envio for envio in due if sessions.has_capability(envio.session, Capability.LOOKUP)]
    for envio in due:
        if envio not in askable:
            Envio.objects.filter(pk=envio.pk).update(lookup_due=None)
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

    return ask


def _apply(envio: Envio, answer: Found, now: dt.datetime) -> bool:
    if isinstance(answer, SendResult):
        try:
            retrying(functools.partial(_prove, envio, answer, now))
        except IntegrityError:
            diag.step("lookup_conflict", envio=envio.pk)
            return False
        return True
    if answer is None and _may_resend(envio, now):
        return retrying(functools.partial(_resend, envio, now))
    nth = envio.lookups + 1
    later = now + LOOKUP_AFTER[nth] if nth < len(LOOKUP_AFTER) else None
    Envio.objects.filter(pk=envio.pk, state=EnvioState.UNCERTAIN).update(lookups=nth, lookup_due=later)
    return False


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
    last = Attempt.objects.filter(envio=envio).order_by("-id").first()
    if last is not None and last.outcome == AttemptOutcome.UNKNOWN:
        Attempt.objects.filter(pk=last.pk).update(outcome=AttemptOutcome.SENT, message_id=found.message_id)


def _may_resend(envio: Envio, now: dt.datetime) -> bool:
    """Whether "not found" counts for this envío now."""
    if not sessions.has_capability(envio.session, Capability.DEDUPE):
        return False
    if envio.campaign.state in CAMPAIGN_ENDED or envio.attempts >= envio.campaign.max_attempts:
        return False
    # A worker that was stopped with the request half made could still finish it until its lease is over.
    margin = max(LEASE_SECONDS, settings.SESSION_MANAGER_SEND_TIMEOUT + DISPATCH_FRESH_SECONDS)
    return envio.dispatched_at is None or envio.dispatched_at + dt.timedelta(seconds=margin) < now


@transaction.atomic(durable=True)
def _resend(envio: Envio, now: dt.datetime) -> bool:
    moved = envio_states.move(
        envio.pk,
        source=EnvioState.UNCERTAIN,
        target=EnvioState.PENDING,
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
    return bool(moved)
