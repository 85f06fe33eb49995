"""The doors of a line's rest: closed because nobody needs it, and opened again. Who needs it is the sender's to say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from whatsapp import sessions
from whatsapp.gateways.base import Capability, GatewayError
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import LineTest, SessionEvent, State, WhatsAppSession


def can_rest(line: WhatsAppSession) -> bool:
    """Only a line that its gateway opens again without a person."""
    return {Capability.CONNECT.value, Capability.DISCONNECT.value} <= set(line.capabilities)


def was_tested(line: WhatsAppSession, since: dt.datetime) -> bool:
    return LineTest.objects.filter(session=line, asked_at__gt=since).exists()


def rest(line: WhatsAppSession, now: dt.datetime, *, in_use: Callable[[], bool] = lambda: False) -> bool:
    """Close it, its phone linked. False if somebody was quicker, or its gateway did not do it: then it stays open.

    From the moment in which it is marked nothing more leaves through it; `in_use` is asked then, of what had left before.
    """
    awake = WhatsAppSession.objects.filter(
        pk=line.pk, state=State.READY, rested_at__isnull=True, paused_at__isnull=True
    )
    if not awake.update(rested_at=now):
        return False
    marked = WhatsAppSession.objects.filter(pk=line.pk, rested_at=now)
    if in_use():
        marked.update(rested_at=None)
        return False
    try:
        open_gateway(line.gateway_config()).disconnect()
    except GatewayError as error:
        marked.update(rested_at=None)
        sessions.record_error(line.pk, error, now)
        return False
    SessionEvent.objects.create(session=line, at=now, kind=SessionEvent.Kind.RESTED)
    sessions.refresh(line, now)
    return True


def wake(line: WhatsAppSession, now: dt.datetime) -> bool:
    """Its rest is over: whoever gets True opens it now; if that fails it is tried again like any lost line."""
    asleep = WhatsAppSession.objects.filter(pk=line.pk, rested_at__isnull=False)
    if not asleep.update(rested_at=None, closed_reason="", reconnect_at=now, reconnect_tries=0):
        return False
    SessionEvent.objects.create(session=line, at=now, kind=SessionEvent.Kind.WOKEN)
    return True
