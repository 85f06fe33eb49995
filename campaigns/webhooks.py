"""Where gateways tell what happened: `POST /webhooks/<gateway>/<tenant id>/`, authenticated as each vendor does it.

The answer is for a program: 200 applied (again or for the first time), 400 signed but not the contract, 401 not
authentic, 404 no such line, 409 two lines that the signature can't tell apart, 413 too long, 429 too many that were not
authentic, 503 the database can't take it now. Anything but a 2xx makes the gateway try again, and a repetition changes
nothing.

Each event is taken on its own: one that is not the contract, or that can't be applied, is kept and told, and keeps
none of the others out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Mapping

from django.core.cache import cache
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns import reactions, receipts, refused_events, tasks
from campaigns.brakes import template
from campaigns.models import Envio
from leadmaster.lib.clock import database_now
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert
from whatsapp import sessions
from whatsapp.gateways.base import GatewayError, Scope, SessionStatus
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import (
    BadEvent,
    Event,
    MalformedError,
    NotAuthenticError,
    Preference,
    Receipt,
    ReceiptKind,
    SessionChange,
    as_text,
    asks_first,
    challenge,
    hears_of_all,
    parse_callback,
)

logger = logging.getLogger(__name__)

# A thousand acknowledgements have some 300 KB. What bounds a callback is the number of its events; this is against
# whoever sends without end.
MAX_BYTES = 8 * 1024 * 1024
# Wrong signatures in a minute, from one address to one line, before their bodies are no longer read.
MOST_WRONG = 30
_MINUTE = 60
# What whoever sends wrong ones may still send: enough to be recognised.
_SHORT = 64 * 1024


@csrf_exempt
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, gateway: str, tenant_id: str) -> HttpResponse:
    """One callback of one line. Gateways know a line by its tenant id, so the address carries that."""
    if request.method == "GET" and not asks_first(gateway):
        return HttpResponseNotAllowed(["POST"])
    lines = list(WhatsAppSession.objects.filter(gateway=gateway, tenant_id=tenant_id).order_by("id"))
    if not lines:
        return HttpResponse(status=404)
    wrong = f"callback-wrong:{lines[0].pk}:{request.META.get('REMOTE_ADDR', '')}"
    throttled = cache.get(wrong, 0) >= MOST_WRONG
    if request.method == "GET":
        return _too_many() if throttled else _verified(request, lines, wrong)
    most = _SHORT if throttled else MAX_BYTES
    body = request.read(most + 1)
    if len(body) > most:
        logger.warning("callback of %s/%s is longer than %d bytes", gateway, tenant_id, most)
        return _too_many() if throttled else HttpResponse(status=413)
    signers = _signers(lines, body, request.headers)
    if not signers:
        return _too_many() if throttled else _not_authentic(lines, wrong)
    if len(signers) > 1:
        logger.error("callback of %s/%s fits two sessions: give each its own secret", gateway, tenant_id)
        return HttpResponse(status=409)
    session, said = signers[0]
    resolve_alert(_no_secret_key(session), now=database_now())
    if isinstance(said, MalformedError):
        logger.warning("callback of %s/%s is not the contract: %s", gateway, tenant_id, said)
        for bad in said.bad:
            refused_events.keep(bad, session=session, now=database_now())
        return HttpResponse(status=400)
    sessions.record_heard(session, database_now())
    return HttpResponse(status=_take(said, session))


# --- Who speaks ------------------------------------------------------------------------------------------------------


def _signers(
    lines: list[WhatsAppSession], body: bytes, headers: Mapping[str, str]
) -> list[tuple[WhatsAppSession, list[Event | BadEvent] | MalformedError]]:
    """The lines whose secret made this signature: the same tenant id may exist on two gateways of one kind."""
    found: list[tuple[WhatsAppSession, list[Event | BadEvent] | MalformedError]] = []
    for session in lines:
        try:
            found.append((session, parse_callback(session.gateway, body, headers, session.webhook_secret)))
        except NotAuthenticError:
            continue
        except MalformedError as error:
            found.append((session, error))
    return found


def _verified(request: HttpRequest, lines: list[WhatsAppSession], counter: str) -> HttpResponse:
    """A vendor asks whether this address is ours, before it calls."""
    answer = challenge(request.GET, [line.verify_token for line in lines])
    if answer is None:
        _count(counter)
        return HttpResponse(status=403)
    return HttpResponse(answer, content_type="text/plain")


def _not_authentic(lines: list[WhatsAppSession], counter: str) -> HttpResponse:
    _count(counter)
    for session in lines:
        if not session.webhook_secret:
            _tell_no_secret(session)
    return HttpResponse(status=401)


def _count(counter: str) -> None:
    cache.add(counter, 0, timeout=_MINUTE)
    with contextlib.suppress(ValueError):  # the minute ended in between
        cache.incr(counter)


def _too_many() -> HttpResponse:
    return HttpResponse(status=429, headers={"Retry-After": str(_MINUTE)})


@in_project_language
def _tell_no_secret(session: WhatsAppSession) -> None:
    """Nobody can tell who speaks for this line, so its acknowledgements are lost. Told once in ten minutes."""
    key = _no_secret_key(session)
    if not cache.add(key, True, timeout=10 * _MINUTE):
        return
    logger.warning("a callback came for session %s, which has no callback secret: it is not taken", session.pk)
    raise_alert(
        key,
        title=_("Se pierden los acuses de “%(name)s”") % {"name": session.name},
        body=_(
            "Su gateway manda avisos y la línea no tiene el secreto con que se firman: escríbelo en la línea, el mismo "
            "que en el gateway."
        ),
        severity=Alert.Severity.WARNING,
        now=database_now(),
    )


def _no_secret_key(session: WhatsAppSession) -> str:
    return f"callback-secret:{session.pk}"


# --- What is said ----------------------------------------------------------------------------------------------------


def _take(events: list[Event | BadEvent], session: WhatsAppSession) -> int:
    """Apply each event; returns the HTTP status."""
    refused, later = 0, False
    for event in events:
        line = _line_of(event, session)
        bad = _bad(event, line)
        try:
            if bad is None and line is not None:
                _apply(event, session=line, now=database_now())  # type: ignore[arg-type]  # `bad` says that it is one
        except (OperationalError, InterfaceError):
            logger.warning("an event of session %s could not be written now", session.pk, exc_info=True)
            later = True
        except Exception as error:
            logger.exception("an event of session %s can't be applied", session.pk)
            bad = BadEvent(reason=f"it can't be applied: {type(error).__name__}", raw=as_text(vars(event)))
        if bad is not None:
            refused += 1
            refused_events.keep(bad, session=session, now=database_now())
    if later:
        return 503
    return 400 if refused and refused == len(events) else 200


def _line_of(event: Event | BadEvent, session: WhatsAppSession) -> WhatsAppSession | None:
    """Whose this event is: the line of the address, or, where one address hears of all, another that shares its secret."""
    if isinstance(event, BadEvent) or event.tenant_id in ("", session.tenant_id):
        return session
    if not hears_of_all(session.gateway):
        return None
    others = WhatsAppSession.objects.filter(
        gateway=session.gateway, base_url=session.base_url, tenant_id=event.tenant_id
    )
    # Whoever made the signature could have called that line's own address.
    return next((line for line in others if line.webhook_secret == session.webhook_secret), None)


def _bad(event: Event | BadEvent, line: WhatsAppSession | None) -> BadEvent | None:
    if isinstance(event, BadEvent):
        return event
    if line is None:
        return BadEvent(reason="it speaks of another line", raw=as_text(vars(event)))
    return None


def _apply(event: Event, *, session: WhatsAppSession, now: dt.datetime) -> None:
    match event:
        case Receipt():
            repeated = event.trouble is not None and receipts.was_refused(event, session=session)
            envio = receipts.apply(event, session=session, now=now)
            if repeated:
                return  # what it says of the line was said then: a person may have put it right since
            if event.kind is not ReceiptKind.FAILED:
                sessions.record_acknowledged(session, now)
            elif event.trouble is not None:
                _apply_trouble(envio, event.trouble, session=session, now=now)
        case SessionChange():
            _apply_change(event, session=session, now=now)
        case Inbound():
            if reactions.hear(event, session=session, now=now) is not None:
                tasks.wake()
        case Preference():
            reactions.prefer(event, session=session, now=now)


def _apply_trouble(envio: Envio | None, trouble: GatewayError, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """A late refusal may say more than that this one did not arrive: the line, or the campaign's template."""
    if trouble.scope is Scope.CAMPAIGN and envio is not None and envio.campaign is not None:
        template.hold(envio.campaign, detail=trouble.detail, now=now)
    elif trouble.scope is not Scope.CAMPAIGN:
        sessions.record_error(session.pk, trouble, now, sending=True)


def _apply_change(change: SessionChange, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """Record the state as of when it came about: callbacks overtake each other, and an old one must change nothing."""
    since = WhatsAppSession.objects.values_list("state_at", flat=True).get(pk=session.pk)
    if since is not None and change.at < since:
        return
    status = SessionStatus(state=change.state, can_send=change.can_send, phone=change.phone, reason=change.reason)
    sessions.record_status(session.pk, status, min(change.at, now))
