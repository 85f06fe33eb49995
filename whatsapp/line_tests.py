"""A message of a line to its own number: does it send? Asked for on a page, sent by the cluster, at most once.

No page waits for it, since a gateway takes 20–40 s. It is no envío: it belongs to no campaign, goes to no customer, and
is not counted against the day's limit; instead one at a time and five an hour are allowed.
"""

from __future__ import annotations

import datetime as dt
import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayConfig, GatewayError, OutboundMessage, Outcome, SendResult
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import LineTest, WhatsAppSession
from whatsapp.models import State as SessionState
from whatsapp.standing import Standing, standing

State = LineTest.State

_AN_HOUR = 5
_THREADS = 8
_SILENT_EVERY = dt.timedelta(minutes=30)
# Longer than any send may take: whoever had it is gone, and nobody knows whether it left.
_LOST_AFTER = dt.timedelta(minutes=5)
# Nobody took it: the cluster was down, and its person has long stopped looking at the phone.
_STALE_AFTER = dt.timedelta(minutes=15)
_TEXT = gettext_lazy("Mensaje de prueba de LeadMaster: si lo lees, esta línea envía.")

Answer = SendResult | GatewayError


class LineTestRefused(Exception):
    """It can't be asked for now. `str()` is for the person."""


@transaction.atomic(durable=True)
def ask(session: WhatsAppSession, *, by: User, now: dt.datetime) -> LineTest:
    """Ask for a test of this line. The caller checked that they may. Raises LineTestRefused with the reason."""
    locked = WhatsAppSession.objects.select_for_update().get(pk=session.pk)
    if not locked.is_ready(now) and standing(locked, now) is not Standing.DEAF:
        raise LineTestRefused(_("La sesión no está lista: conéctala antes de probarla."))
    if sessions.has_capability(locked, Capability.NO_OWN_CHAT):
        raise LineTestRefused(
            _(
                "Por la API oficial ninguna línea se escribe a sí misma: escríbele desde tu teléfono y mira que tu mensaje llegue a LeadMaster, o manda una campaña a tu propio número."
            )
        )
    if not locked.phone:
        raise LineTestRefused(_("Todavía no se sabe el número de esta línea: comprueba la sesión y vuelve a intentar."))
    if LineTest.objects.filter(open_for=locked).exists():
        raise LineTestRefused(_("Ya hay un mensaje de prueba en camino."))
    if LineTest.objects.filter(session=locked, asked_at__gt=now - dt.timedelta(hours=1)).count() >= _AN_HOUR:
        raise LineTestRefused(_("Ya se probó %(n)d veces en la última hora: espera un poco.") % {"n": _AN_HOUR})
    return LineTest.objects.create(session=locked, open_for=locked, by=by, asked_at=now)


def ask_silent_lines(now: dt.datetime) -> int:
    """Have each line that confirms nothing write to itself, every half hour: its acknowledgement ends the silence.

    Returns how many were asked. One query when no line is silent.
    """
    recent = LineTest.objects.filter(session=OuterRef("pk")).filter(
        Q(asked_at__gt=now - _SILENT_EVERY) | Q(open_for__isnull=False)
    )
    silent = WhatsAppSession.objects.filter(deaf_since__isnull=False, state=SessionState.READY).exclude(phone="")
    asked = 0
    for session in silent.filter(~Exists(recent)).order_by("id"):
        if sessions.has_capability(session, Capability.NO_OWN_CHAT):
            continue  # its next acknowledgement, or a person, ends the silence
        try:
            with transaction.atomic():
                LineTest.objects.create(session=session, open_for=session, by=None, asked_at=now)
        except IntegrityError:
            continue  # somebody asked meanwhile
        asked += 1
    return asked


def last_test(session: WhatsAppSession) -> LineTest | None:
    return LineTest.objects.filter(session=session).select_related("by").first()


def run_waiting(now: dt.datetime) -> int:
    """Send the tests that wait, many at once. Returns how many. One query when there is none. Safe to run twice."""
    open_ones = list(LineTest.objects.filter(open_for__isnull=False).select_related("session").order_by("id"))
    mine = [test for test in open_ones if _take(test, now)]
    if not mine:
        return 0
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(mine))) as pool:
        asked = [pool.submit(_send, test.session.gateway_config(), _message(test)) for test in mine]
        for test, answer in zip(mine, asked, strict=True):
            retrying(functools.partial(_settle, test, answer.result(), now=now))
    return len(mine)


def is_lost(test: LineTest, *, now: dt.datetime) -> bool:
    """Whether whoever sent it is gone, or nobody took it in time."""
    if test.state == State.SENDING:
        return test.started_at is None or test.started_at < now - _LOST_AFTER
    return test.asked_at < now - _STALE_AFTER


def end_lost(test: LineTest, *, now: dt.datetime) -> None:
    """End an open test that is lost, saying what became of it."""
    if test.state == State.SENDING:
        _end(test, State.UNKNOWN, now=now, detail=kept(gettext_lazy("El proceso que lo enviaba se detuvo.")))
        return
    nobody = gettext_lazy("Nadie lo envió a tiempo: ¿está en marcha el cluster?")
    _end(test, State.FAILED, now=now, detail=kept(nobody))


def _take(test: LineTest, now: dt.datetime) -> bool:
    """Whether this run has it. What somebody else lost, or nobody took in time, is ended instead."""
    if is_lost(test, now=now):
        end_lost(test, now=now)
        return False
    taken = LineTest.objects.filter(pk=test.pk, state=State.WAITING).update(state=State.SENDING, started_at=now)
    return taken == 1


def _message(test: LineTest) -> OutboundMessage:
    return OutboundMessage(phone=test.session.phone, text=kept(_TEXT), client_message_id=test.client_message_id)


def _send(config: GatewayConfig, message: OutboundMessage) -> Answer:
    """In a thread: no database here."""
    try:
        return open_gateway(config).send(message)
    except GatewayError as error:
        return error


def _settle(test: LineTest, answer: Answer, *, now: dt.datetime) -> None:
    test.state = State.SENDING
    if isinstance(answer, SendResult):
        _end(test, State.SENT, now=now, message_id=answer.message_id)
        sessions.record_sent(test.session_id, now)
    else:
        unknown = answer.outcome is Outcome.UNKNOWN
        _end(test, State.UNKNOWN if unknown else State.FAILED, now=now, detail=answer.detail[:300])


def _end(test: LineTest, state: str, *, now: dt.datetime, message_id: str = "", detail: str = "") -> None:
    """End it from the state it was seen in; whoever ended it before was right."""
    LineTest.objects.filter(pk=test.pk, state=test.state).update(
        state=state, open_for=None, ended_at=now, message_id=message_id, detail=detail
    )
