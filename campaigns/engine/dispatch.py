"""The last look before the socket: commit `dispatched_at`, write the journal, and only then hand the message over."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from campaigns.engine import journal, statements
from campaigns.engine.claim import Claim
from campaigns.engine.io_pool import boot_seconds
from campaigns.engine.timing import DISPATCH_FRESH_SECONDS
from campaigns.enums import EnvioState
from campaigns.models import Envio
from leadmaster.directory.models import phone_keys
from leadmaster.lib.db.retry import drop_broken_connection, is_lost_connection, retrying
from whatsapp.gateways.base import Gateway, GatewayError, OutboundMessage, Outcome, Scope, SendResult


def commit_dispatch(claim: Claim, now: dt.datetime, *, deadline: dt.timedelta) -> bool:
    """Commit `dispatched_at` if the message may still go: ours, campaign running, session ready, switch on, window
    open, no opt-out, nobody who got this text after a backup, and the whole send fits in what is left of the lease.

    One guarded UPDATE in autocommit. False also when the connection broke and the row doesn't say that it held.
    """
    if not settings.AUTO_CAMPAIGNS_ENABLED or now >= claim.slot.closes:
        return False

    def once() -> bool:
        return statements.begin_dispatch(
            claim.envio_id,
            claim.token,
            session_id=claim.slot.session.pk,
            is_reply=claim.campaign is None,
            person_keys=journal.person_keys(claim.phone, claim.text),
            phone_keys=phone_keys(claim.phone),
            lease_until=now + deadline,
            now=now,
        )

    try:
        return retrying(once)
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return Envio.objects.filter(
            pk=claim.envio_id, token=claim.token, state=EnvioState.SENDING, dispatched_at=now
        ).exists()


def hand_over(gateway: Gateway, message: OutboundMessage, *, since: float) -> SendResult:
    """Send, in a thread and without the database, unless the process was stopped since `since` (boot seconds).

    Raises GatewayError. Whoever slept has lost the right to send: others may have settled the envío meanwhile.
    """
    if boot_seconds() - since > DISPATCH_FRESH_SECONDS:
        raise GatewayError(
            _("El proceso estuvo detenido antes de enviar: el mensaje no salió."),
            outcome=Outcome.NOT_SENT,
            scope=Scope.MESSAGE,
            code="STALE_DISPATCH",
        )
    return gateway.send(message)
