"""The one door to a session's state: what the gateway said, what went wrong, what a person asked for.

Calls that cross the network come first and are never inside a transaction; what they said is recorded afterwards.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert
from whatsapp.gateways.base import (
    Capability,
    GatewayConfig,
    GatewayError,
    Health,
    PairingCode,
    Scope,
    SessionStatus,
)
from whatsapp.gateways.registry import open_gateway
from whatsapp.models import State, WhatsAppSession

# A session that is not ready is asked again after 15 s, then twice as long each time, up to 2 minutes.
_PROBE_FIRST = dt.timedelta(seconds=15)
_PROBE_MAX = dt.timedelta(minutes=2)
_RATE_LIMIT_DEFAULT = 60.0  # seconds, when a 429 names no time
_COLD_PAUSE = dt.timedelta(hours=24)
_PROBE_THREADS = 32


# --- What people ask for ---------------------------------------------------------------------------------------------


@in_project_language
def connect(session: WhatsAppSession, now: dt.datetime) -> WhatsAppSession:
    """Ask the gateway to open the session. Raises GatewayError; what was learnt is recorded either way."""
    try:
        open_gateway(session.gateway_config()).connect()
    except GatewayError as error:
        record_error(session.pk, error, now)
        raise
    return refresh(session, now)


@in_project_language
def disconnect(session: WhatsAppSession, now: dt.datetime) -> WhatsAppSession:
    """Ask the gateway to close the session. Raises GatewayError."""
    open_gateway(session.gateway_config()).disconnect()
    return refresh(session, now)


def pairing_code(session: WhatsAppSession) -> PairingCode | None:
    """The code to scan now, or None while there is none. Raises GatewayError."""
    return open_gateway(session.gateway_config()).pairing_code()


def unpause(session: WhatsAppSession, *, by: User, now: dt.datetime) -> WhatsAppSession:
    """A person says that what stopped this session is mended. The caller checked that they may."""
    _update(session.pk, paused_at=None, blocked_until=None, trouble="", probe_at=now, probe_failures=0)
    resolve_alert(_alert_key(session.pk), now=now, by=by)
    session.refresh_from_db()
    return session


@in_project_language
def refresh(session: WhatsAppSession, now: dt.datetime) -> WhatsAppSession:
    """Ask the gateway how this session is and record it. Never raises for what the gateway does."""
    health, status = _ask(session.gateway_config())
    _record(session.pk, health, status, now)
    session.refresh_from_db()
    return session


def refresh_all(now: dt.datetime) -> int:
    """Ask for every session that nobody paused and whose turn it is, many at once. Returns how many were asked."""
    sessions = WhatsAppSession.objects.filter(paused_at__isnull=True).order_by("id")
    return _refresh_many([s for s in sessions if s.probe_at is None or s.probe_at <= now], now)


def greet(now: dt.datetime) -> int:
    """Ask for the sessions that nobody ever asked for, so that a new line need not wait for its turn."""
    return _refresh_many(list(WhatsAppSession.objects.filter(state_at__isnull=True, probe_at__isnull=True)), now)


def _refresh_many(due: list[WhatsAppSession], now: dt.datetime) -> int:
    if not due:
        return 0
    with ThreadPoolExecutor(max_workers=min(_PROBE_THREADS, len(due))) as pool:
        answers = list(pool.map(_ask, [session.gateway_config() for session in due]))
    for session, (health, status) in zip(due, answers, strict=True):
        _record(session.pk, health, status, now)
    return len(due)


# --- What the gateway said -------------------------------------------------------------------------------------------


def record_status(session_id: int, status: SessionStatus, now: dt.datetime) -> None:
    """Write the state that the gateway reported, and tell somebody when a working session stopped working."""
    before = WhatsAppSession.objects.get(pk=session_id)
    changed = before.state != status.state.value
    _update(
        session_id,
        state=status.state.value,
        state_at=now if changed or before.state_at is None else before.state_at,
        last_seen_at=now,
        unreachable_since=None,
        trouble="" if status.ready else before.trouble,
        phone=status.phone or before.phone,
        probe_failures=0 if status.ready else before.probe_failures + 1,
        probe_at=None if status.ready else now + _back_off(before.probe_failures),
    )
    if status.ready and before.paused_at is None:
        resolve_alert(_alert_key(session_id), now=now)
    elif before.state == State.READY and not status.ready:
        raise_alert(
            _alert_key(session_id),
            title=_("La sesión “%(name)s” se desconectó") % {"name": before.name},
            body=_(
                "Estado: %(state)s. Sus envíos quedan pendientes y siguen solos cuando vuelva. "
                "Abre la sesión y vincúlala de nuevo si pide un código."
            )
            % {"state": State(status.state.value).label.lower()},
            severity=Alert.Severity.CRITICAL,
            now=now,
        )


def record_error(session_id: int, error: GatewayError, now: dt.datetime) -> None:
    """Write what a failed call says about the session. Errors about one message say nothing about it."""
    if error.scope is Scope.MESSAGE:
        return
    before = WhatsAppSession.objects.get(pk=session_id)
    trouble = error.detail[:300]
    if error.scope is Scope.COLD:
        _update(session_id, cold_until=now + _COLD_PAUSE, trouble=trouble)
    elif error.retry_after is not None or error.code == "RATE_LIMITED":
        wait = dt.timedelta(seconds=error.retry_after or _RATE_LIMIT_DEFAULT)
        _update(session_id, blocked_until=now + wait, trouble=trouble)
        return  # a gateway that asks for a pause works as designed
    elif error.needs_person:
        _update(session_id, paused_at=now, trouble=trouble)
    else:
        _update(
            session_id,
            state=State.DISCONNECTED,
            state_at=now if before.state != State.DISCONNECTED else before.state_at,
            unreachable_since=before.unreachable_since or (now if error.http_status is None else None),
            trouble=trouble,
            probe_failures=before.probe_failures + 1,
            probe_at=now + _back_off(before.probe_failures),
        )
    raise_alert(
        _alert_key(session_id),
        title=_("La sesión “%(name)s” no puede enviar") % {"name": before.name},
        body=trouble,
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _record(session_id: int, health: Health | None, status: SessionStatus | GatewayError, now: dt.datetime) -> None:
    if health is not None:
        _update(
            session_id,
            capabilities=sorted(capability.value for capability in health.capabilities),
            gateway_version=health.version[:40],
        )
    if isinstance(status, GatewayError):
        record_error(session_id, status, now)
    else:
        record_status(session_id, status, now)


def has_capability(session: WhatsAppSession, capability: Capability) -> bool:
    return capability.value in session.capabilities


# --- Private ---------------------------------------------------------------------------------------------------------


def _ask(config: GatewayConfig) -> tuple[Health | None, SessionStatus | GatewayError]:
    """Both questions; no database here, so that threads may run it. A gateway without `/health` still works."""
    gateway = open_gateway(config)
    try:
        health: Health | None = gateway.health()
    except GatewayError:
        health = None
    try:
        return health, gateway.status()
    except GatewayError as error:
        return health, error


def _back_off(failures: int) -> dt.timedelta:
    return min(_PROBE_FIRST * int(2 ** min(failures, 10)), _PROBE_MAX)


def _alert_key(session_id: int) -> str:
    return f"session:{session_id}"


def _update(session_id: int, **fields: object) -> None:
    WhatsAppSession.objects.filter(pk=session_id).update(**fields)
