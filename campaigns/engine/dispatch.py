"""The last look before the socket: commit `dispatched_at`, write the journal, and only then hand the message over."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from campaigns.engine.claim import Claim
from campaigns.engine.timing import DISPATCH_FRESH_SECONDS
from campaigns.engine.wire import boot_seconds
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio, SenderSwitch
from leadmaster.directory.models import Suppression
from leadmaster.lib.db import drop_broken_connection, is_lost_connection, retrying
from whatsapp.gateways.base import Gateway, GatewayError, OutboundMessage, Outcome, Scope, SendResult
from whatsapp.models import WhatsAppSession


def commit_dispatch(claim: Claim, now: dt.datetime, *, deadline: dt.timedelta) -> bool:
    """Commit `dispatched_at` if the message may still go: ours, campaign running, session ready, switch on, window
    open, no opt-out, and the whole send fits in what is left of the lease.

    One guarded UPDATE in autocommit. False also when the connection broke and the row doesn't say that it held.
    """
    if not settings.AUTO_CAMPAIGNS_ENABLED or now >= claim.slot.closes:
        return False
    still_on = SenderSwitch.objects.order_by("-id").values("on")[:1]
    running = Campaign.objects.filter(
        pk=OuterRef("campaign_id"),
        state=CampaignState.RUNNING,
        session__in=WhatsAppSession.objects.ready(now).filter(pk=claim.slot.session.pk),
    )
    opted_out = Suppression.objects.filter(phone=OuterRef("phone"))
    mine = Envio.objects.filter(pk=claim.envio_id, token=claim.token, state=EnvioState.SENDING)

    def once() -> int:
        return (
            mine.filter(~Exists(opted_out), Exists(running), lease_until__gt=now + deadline)
            .alias(switch=Subquery(still_on))
            .filter(Q(switch__isnull=True) | Q(switch=True))
            .update(dispatched_at=now)
        )

    try:
        return retrying(once) == 1
    except DatabaseError as error:
        if not is_lost_connection(error):
            raise
        drop_broken_connection()
        return mine.filter(dispatched_at=now).exists()


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
