"""Where gateways tell what happened: `POST /webhooks/<gateway>/<tenant id>/`, signed over the raw body.

The answer is for a program: 200 applied (again or for the first time), 400 signed but not the contract, 401 not
authentic, 404 no such line, 409 two lines that the signature can't tell apart, 413 too long. Anything but a 2xx makes
the gateway try again, and a repetition changes nothing.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from campaigns import inbound, receipts
from leadmaster.lib.clock import database_now
from whatsapp import sessions
from whatsapp.gateways.base import SessionStatus
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import SIGNATURE_HEADER, Event, MalformedError, NotAuthenticError, Receipt, SessionChange, parse

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def callback(request: HttpRequest, gateway: str, tenant_id: str) -> HttpResponse:
    """One callback of one line. Gateways know a line by its tenant id, so the address carries that."""
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return HttpResponse(status=413)
    lines = list(WhatsAppSession.objects.filter(gateway=gateway, tenant_id=tenant_id).order_by("id"))
    if not lines:
        return HttpResponse(status=404)
    try:
        signers = _signers(lines, body, request.headers.get(SIGNATURE_HEADER, ""))
    except MalformedError as error:
        logger.warning("callback of %s/%s is not the contract: %s", gateway, tenant_id, error)
        return HttpResponse(status=400)
    if not signers:
        return HttpResponse(status=401)
    if len(signers) > 1:
        logger.error("callback of %s/%s fits two sessions: give each its own secret", gateway, tenant_id)
        return HttpResponse(status=409)
    session, events = signers[0]
    if any(event.tenant_id not in ("", tenant_id) for event in events):
        logger.warning("callback of %s/%s speaks of another line", gateway, tenant_id)
        return HttpResponse(status=400)
    for event in events:
        _apply(event, session=session, now=database_now())
    return HttpResponse(status=200)


def _signers(lines: list[WhatsAppSession], body: bytes, signature: str) -> list[tuple[WhatsAppSession, list[Event]]]:
    """The lines whose secret made this signature: the same tenant id may exist on two gateways of one kind."""
    found = []
    for session in lines:
        try:
            found.append((session, parse(body, signature, session.webhook_secret)))
        except NotAuthenticError:
            continue
    return found


def _apply(event: Event, *, session: WhatsAppSession, now: dt.datetime) -> None:
    match event:
        case Receipt():
            receipts.apply(event, session=session, now=now)
        case SessionChange():
            _apply_change(event, session=session, now=now)
        case Inbound():
            inbound.receive(event, session=session, now=now)


def _apply_change(change: SessionChange, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """Record the state as of when it came about: callbacks overtake each other, and an old one must change nothing."""
    since = WhatsAppSession.objects.values_list("state_at", flat=True).get(pk=session.pk)
    if since is not None and change.at < since:
        return
    status = SessionStatus(state=change.state, can_send=change.can_send, phone=change.phone)
    sessions.record_status(session.pk, status, min(change.at, now))
    if not status.ready:
        sessions.record_farewell(session.pk, change.reason, min(change.at, now))
