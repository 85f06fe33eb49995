"""The one door to a session's state: what the gateway said, what went wrong, what a person asked for.

Calls that cross the network come first and are never inside a transaction; what they said is recorded afterwards.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language, kept
from leadmaster.lib.phones.parsing import masked, pretty
from leadmaster.lib.phones.spellings import spellings
from leadmaster.ops.alerts import resolve_alert
from whatsapp import health
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
from whatsapp.models import SessionEvent, State, WhatsAppSession
from whatsapp.standing import BANNED, LOGGED_OUT, QR_EXPIRED, UNLINKED, WRONG_ACCOUNT

# A session that is not ready is asked again after 15 s, then twice as long each time, up to 2 minutes.
_PROBE_FIRST = dt.timedelta(seconds=15)
_PROBE_MAX = dt.timedelta(minutes=2)
_RATE_LIMIT_DEFAULT = 60.0  # seconds, when a 429 names no time
# First contacts rest so long after the first, the second, and each further refusal within a day.
_COLD_RESTS = (dt.timedelta(minutes=10), dt.timedelta(hours=1), dt.timedelta(hours=24))
_COLD_MEMORY = dt.timedelta(hours=24)
# A line that says READY and refuses each message is tried again after 30 s, then twice as long each time.
_MUTE_FIRST = dt.timedelta(seconds=30)
_MUTE_MAX = dt.timedelta(minutes=10)
# So long open, a line that is lost is dialled as soon as one that was never lost before.
_STEADY = dt.timedelta(minutes=5)
_OBEYED_WITHIN = dt.timedelta(minutes=2)
_PROBE_THREADS = 32
_HEARD_EVERY = dt.timedelta(minutes=1)


# --- What people ask for ---------------------------------------------------------------------------------------------


@in_project_language
def connect(session: WhatsAppSession, now: dt.datetime, *, by: User | None = None) -> WhatsAppSession:
    """Ask the gateway to open the session. Raises GatewayError; what was learnt is recorded either way.

    Whoever asks wants it open: it is dialled again if it is lost, and no longer rests.
    """
    _update(session.pk, closed_at=None, rested_at=None, closed_reason="", reconnect_at=None, reconnect_tries=0)
    if by is not None:
        SessionEvent.objects.create(session=session, at=now, by=by, kind=SessionEvent.Kind.CONNECTED)
    try:
        open_gateway(session.gateway_config()).connect()
    except GatewayError as error:
        record_error(session.pk, error, now)
        raise
    return refresh(session, now)


@in_project_language
def disconnect(session: WhatsAppSession, now: dt.datetime, *, by: User | None = None) -> WhatsAppSession:
    """Ask the gateway to close the session; it stays closed until a person connects it. Raises GatewayError."""
    row = WhatsAppSession.objects.filter(pk=session.pk)
    before = row.values("closed_at", "rested_at", "reconnect_at", "reconnect_tries").get()
    # Written first: whoever is dialling it at this moment finds it, and closes it again.
    _update(session.pk, closed_at=now, rested_at=None, reconnect_at=None, reconnect_tries=0)
    try:
        open_gateway(session.gateway_config()).disconnect()
    except GatewayError:
        row.filter(closed_at=now).update(**before)
        raise
    if by is not None:
        SessionEvent.objects.create(session=session, at=now, by=by, kind=SessionEvent.Kind.DISCONNECTED)
    return refresh(session, now)


def pairing_code(session: WhatsAppSession) -> PairingCode | None:
    """The code to scan now, or None while there is none. Raises GatewayError."""
    return open_gateway(session.gateway_config()).pairing_code()


def adopt(session: WhatsAppSession, *, reason: str, now: dt.datetime) -> WhatsAppSession:
    """A line that another system had, new here: it waits for a person from the first moment, and says why."""
    session.paused_at = now
    session.trouble = reason[:300]
    session.save(force_insert=True)
    return session


def unpause(session: WhatsAppSession, *, by: User, now: dt.datetime) -> WhatsAppSession:
    """A person says that what stopped this session is mended. The caller checked that they may."""
    _update(
        session.pk,
        paused_at=None,
        blocked_until=None,
        trouble="",
        trouble_code="",
        mute_since=None,
        send_refusals=0,
        probe_at=now,
        probe_failures=0,
    )
    SessionEvent.objects.create(session=session, at=now, by=by, kind=SessionEvent.Kind.UNPAUSED)
    resolve_alert(health.session_key(session.pk), now=now, by=by)
    health.review(now)
    session.refresh_from_db()
    return session


class NothingToLift(Exception):
    """First contacts are not held back any more; `str()` says so to the person."""


@transaction.atomic
def lift_cold(session: WhatsAppSession, *, by: User, reason: str, now: dt.datetime) -> WhatsAppSession:
    """A person lets first contacts go out again, and says why. The caller checked that they may."""
    held = WhatsAppSession.objects.select_for_update().filter(pk=session.pk, cold_until__gt=now)
    if not held.update(cold_until=None, cold_refusals=0, cold_refused_at=None):
        raise NothingToLift(_("Esta sesión ya escribe a contactos nuevos: no hay nada que levantar."))
    SessionEvent.objects.create(session=session, at=now, by=by, kind=SessionEvent.Kind.COLD_LIFTED, reason=reason)
    resolve_alert(health.cold_key(session.pk), now=now, by=by)
    session.refresh_from_db()
    return session


@transaction.atomic
def lift_deaf(session: WhatsAppSession, *, by: User, reason: str, now: dt.datetime) -> WhatsAppSession:
    """A person lets a line send again that confirms nothing, and says why. The caller checked that they may."""
    held = WhatsAppSession.objects.select_for_update().filter(pk=session.pk, deaf_since__isnull=False)
    if not held.update(deaf_since=None, deaf_cleared_at=now):
        raise NothingToLift(_("Esta línea no está frenada: no hay nada que soltar."))
    SessionEvent.objects.create(session=session, at=now, by=by, kind=SessionEvent.Kind.DEAF_LIFTED, reason=reason)
    resolve_alert(health.session_key(session.pk), now=now, by=by)
    session.refresh_from_db()
    return session


@in_project_language
def refresh(session: WhatsAppSession, now: dt.datetime) -> WhatsAppSession:
    """Ask the gateway how this session is and record it. Never raises for what the gateway does."""
    answers = _ask(session.gateway_config())
    _record(session.pk, *answers, now)
    health.review(now)
    session.refresh_from_db()
    if session.closed_reason == WRONG_ACCOUNT:
        log_out_strangers(now)
        session.refresh_from_db()
    return session


def refresh_all(now: dt.datetime) -> int:
    """Ask for every session whose turn it is, many at once. Returns how many were asked.

    A paused one waits for its person, but one that lost its pairing goes on as soon as it is paired anew.
    """
    asked = Q(paused_at__isnull=True) | Q(trouble_code__in=UNLINKED)
    return _refresh_many([s for s in WhatsAppSession.objects.filter(asked).order_by("id") if _is_due(s, now)], now)


def _is_due(session: WhatsAppSession, now: dt.datetime) -> bool:
    """Its turn has come, or was written by a machine whose clock ran ahead."""
    return session.probe_at is None or not now < session.probe_at <= now + _PROBE_MAX


def greet(now: dt.datetime) -> int:
    """Ask for the sessions that nobody ever asked for, so that a new line need not wait for its turn."""
    return _refresh_many(list(WhatsAppSession.objects.filter(state_at__isnull=True, probe_at__isnull=True)), now)


def _refresh_many(due: list[WhatsAppSession], now: dt.datetime) -> int:
    if not due:
        return 0
    with ThreadPoolExecutor(max_workers=min(_PROBE_THREADS, len(due))) as pool:
        answers = list(pool.map(_ask, [session.gateway_config() for session in due]))
    for session, (seen, status) in zip(due, answers, strict=True):
        _record(session.pk, seen, status, now)
    health.review(now)
    return len(due)


def log_out_strangers(now: dt.datetime) -> None:
    """End the sessions of phones that are not their line's. One that could not be ended is tried again. One query."""
    for session in WhatsAppSession.objects.filter(closed_reason=WRONG_ACCOUNT, state=State.READY).order_by("id"):
        gateway = open_gateway(session.gateway_config())
        try:
            gateway.logout() if has_capability(session, Capability.LOGOUT) else gateway.disconnect()
        except GatewayError:
            continue  # it is paused: nothing leaves through it meanwhile
        _update(session.pk, state=State.DISCONNECTED, state_at=now, probe_at=now)


# --- What the gateway said -------------------------------------------------------------------------------------------


def record_status(session_id: int, status: SessionStatus, now: dt.datetime) -> None:
    """Write the state that the gateway reported, and tell somebody when a working session stopped working."""
    _write_status(session_id, status, now)
    health.review(now)


def record_error(session_id: int, error: GatewayError, now: dt.datetime, *, sending: bool = False) -> None:
    """Write what a failed call says about the session. Errors about one message say nothing about it.

    `sending` tells that a message was refused and not a question about the session.
    """
    if _write_error(session_id, error, now, sending=sending):
        health.review(now)


def record_sent(session_id: int, now: dt.datetime) -> None:
    """A message went out: proof that the line sends."""
    mute = WhatsAppSession.objects.filter(pk=session_id, mute_since__isnull=False)
    if mute.update(can_send=True, mute_since=None, send_refusals=0, blocked_until=None, trouble="", trouble_code=""):
        health.review(now)


def record_heard(session: WhatsAppSession, now: dt.datetime) -> None:
    """Its gateway told something by itself. Written once a minute, however much it tells."""
    if session.heard_at is None or abs(now - session.heard_at) >= _HEARD_EVERY:
        _update(session.pk, heard_at=now)


def record_acknowledged(session: WhatsAppSession, now: dt.datetime) -> None:
    """Something that it sent reached the server: whoever was held for silence goes on."""
    deaf = WhatsAppSession.objects.filter(pk=session.pk, deaf_since__isnull=False)
    if session.deaf_since is not None and deaf.update(deaf_since=None, deaf_cleared_at=now):
        SessionEvent.objects.create(session=session, at=now, kind=SessionEvent.Kind.DEAF_HEARD)
        health.review(now)


def hold_deaf(session_id: int, *, silent_since: dt.datetime, now: dt.datetime) -> bool:
    """Nothing it sent since then was acknowledged: hold it, unless it was heard or let go meanwhile. Whether it is held.

    One that was never heard is no witness: perhaps its gateway does not know where to call.
    """
    silent = WhatsAppSession.objects.filter(
        Q(deaf_cleared_at__isnull=True) | Q(deaf_cleared_at__lt=silent_since),
        pk=session_id,
        state=State.READY,
        deaf_since__isnull=True,
        heard_at__lt=silent_since,
    )
    if not silent.update(deaf_since=now):
        return False
    SessionEvent.objects.create(session_id=session_id, at=now, kind=SessionEvent.Kind.DEAF_HELD)
    health.review(now)
    return True


def doubt(session_id: int, *, now: dt.datetime) -> None:
    """What is written of this line is too old to be believed: nothing leaves through it until it is asked, at once."""
    _update(session_id, state=State.DISCONNECTED, state_at=now, probe_at=now, probe_failures=0)


def let_go(session_id: int, *, later_than: dt.datetime) -> None:
    """Drop what holds this line back until after a moment that no rule gives."""
    line = WhatsAppSession.objects.filter(pk=session_id)
    line.filter(blocked_until__gt=later_than).update(blocked_until=None)
    line.filter(cold_until__gt=later_than).update(cold_until=None, cold_refusals=0, cold_refused_at=None)


# --- Writing it down -------------------------------------------------------------------------------------------------

_FAREWELLS = {
    LOGGED_OUT: gettext_lazy("WhatsApp cerró la sesión: hay que vincular el número otra vez."),
    BANNED: gettext_lazy("WhatsApp bloqueó el número de esta sesión."),
}


def _write_status(session_id: int, status: SessionStatus, now: dt.datetime) -> None:
    before = WhatsAppSession.objects.get(pk=session_id)
    changed = before.state != status.state.value
    ready, connected = status.ready, status.state.value == State.READY
    fields: dict[str, object] = {
        "state": status.state.value,
        "state_at": now if changed or before.state_at is None else before.state_at,
        "last_seen_at": now,
        "unreachable_since": None,
        "can_send": status.can_send or not connected,
        "phone": before.phone if _is_stranger(before, status) else status.phone or before.phone,
        "people_a_day": before.people_a_day if status.people_a_day is None else status.people_a_day or None,
        "probe_failures": 0 if ready else before.probe_failures + 1,
        "probe_at": None if ready else now + _back_off(before.probe_failures),
    }
    if before.paired_at is None and State.READY in (before.state, status.state.value):
        fields["paired_at"] = now if connected else before.state_at or now
    if not connected:
        fields |= {"mute_since": None, "send_refusals": 0}
    elif not status.can_send:
        fields["mute_since"] = before.mute_since or now
    elif not before.send_refusals:
        # Refused messages are cured by a message that goes out, and not by a word.
        fields["mute_since"] = None
    fields |= _parting(before, status, now)
    if _is_stranger(before, status):
        fields |= _stranger(before, status, now)
    elif not ready and status.reason in _FAREWELLS:
        # What waiting doesn't mend.
        told = {"trouble": kept(_FAREWELLS[status.reason]), "trouble_code": status.reason}
        fields |= {"paused_at": before.paused_at or now, **told}
    elif before.paused_at is not None and before.trouble_code in UNLINKED and ready:
        fields |= {"paused_at": None, "trouble": "", "trouble_code": ""}
    elif before.paused_at is None and not before.send_refusals:
        # A cause ends with its cure: the gateway answers, and says what is.
        fields |= {"trouble": "", "trouble_code": ""}
    _update(session_id, **fields)


def _parting(before: WhatsAppSession, status: SessionStatus, now: dt.datetime) -> dict[str, object]:
    """Why it closed, noted when it closes: what a gateway repeats of a closed session is no news."""
    if status.state.value != State.DISCONNECTED:
        return _opened(before, now) if status.state.value == State.READY else {}
    if before.state == State.DISCONNECTED:
        return {}
    expired = before.state == State.AWAITING_QR and not status.reason
    fields: dict[str, object] = {"closed_reason": QR_EXPIRED if expired else status.reason[:32]}
    if before.state == State.READY and before.state_at is not None and now - before.state_at >= _STEADY:
        fields["reconnect_tries"] = 0
    return fields


def _opened(before: WhatsAppSession, now: dt.datetime) -> dict[str, object]:
    """It is open; who asked for its end a moment ago may still be obeyed."""
    fields: dict[str, object] = {"closed_reason": "", "reconnect_at": None}
    for name in ("closed_at", "rested_at"):
        asked: dt.datetime | None = getattr(before, name)
        if asked is not None and now - asked > _OBEYED_WITHIN:
            fields[name] = None
    return fields


def _is_stranger(line: WhatsAppSession, status: SessionStatus) -> bool:
    """Whether a phone of another number than the line's is linked; a number may be spelt in several ways."""
    if status.state.value != State.READY or not status.phone or not line.phone:
        return False
    return not spellings(status.phone) & spellings(line.phone)


def _stranger(line: WhatsAppSession, status: SessionStatus, now: dt.datetime) -> dict[str, object]:
    """Nothing leaves through it, and `log_out_strangers` ends it. What it was paused for before stays."""
    fields: dict[str, object] = {"closed_reason": WRONG_ACCOUNT}
    if line.closed_reason != WRONG_ACCOUNT:
        SessionEvent.objects.create(session=line, at=now, kind=SessionEvent.Kind.WRONG_ACCOUNT)
    if line.paused_at is None or line.trouble_code in UNLINKED:
        told = kept(_STRANGER) % {"theirs": masked(status.phone), "ours": pretty(line.phone)}
        fields |= {"paused_at": line.paused_at or now, "trouble": told[:300], "trouble_code": WRONG_ACCOUNT}
    return fields


_STRANGER = gettext_lazy(
    "Se vinculó el teléfono %(theirs)s, y esta línea es %(ours)s: se cierra su sesión. Vincula el teléfono de la línea."
)


def _write_error(session_id: int, error: GatewayError, now: dt.datetime, *, sending: bool) -> bool:
    """Whether it says anything about the session that somebody may have to be told."""
    if error.scope in {Scope.MESSAGE, Scope.CAMPAIGN}:
        return False
    before = WhatsAppSession.objects.get(pk=session_id)
    trouble: dict[str, object] = {"trouble": error.detail[:300], "trouble_code": error.code[:64]}
    if before.paired_at is None and before.state == State.READY:
        trouble["paired_at"] = before.state_at or now
    if error.scope is Scope.COLD:
        _hold_first_contacts(before, now)
    elif error.retry_after is not None or error.code == "RATE_LIMITED":
        wait = dt.timedelta(seconds=error.retry_after or _RATE_LIMIT_DEFAULT)
        _update(session_id, blocked_until=now + wait)
        return False  # a gateway that asks for a pause works as designed
    elif error.needs_person:
        _update(session_id, paused_at=before.paused_at or now, **trouble)
    elif sending and error.code == "SESSION_NOT_READY" and before.state == State.READY:
        rest = min(_MUTE_FIRST * int(2 ** min(before.send_refusals, 10)), _MUTE_MAX)
        _update(
            session_id,
            mute_since=before.mute_since or now,
            send_refusals=min(before.send_refusals + 1, 1000),
            blocked_until=now + rest,
            **trouble,
        )
    else:
        gateways = error.http_status is None or error.http_status >= 500
        _update(
            session_id,
            state=State.DISCONNECTED,
            state_at=now if before.state != State.DISCONNECTED else before.state_at,
            unreachable_since=before.unreachable_since or (now if gateways else None),
            probe_failures=before.probe_failures + 1,
            probe_at=now + _back_off(before.probe_failures),
            **trouble,
        )
    return True


def _hold_first_contacts(before: WhatsAppSession, now: dt.datetime) -> None:
    """One refusal of a first contact may be that person's; several in a day are the number's."""
    recent = before.cold_refused_at is not None and now - before.cold_refused_at < _COLD_MEMORY
    refusals = (before.cold_refusals if recent else 0) + 1
    until = max(before.cold_until or now, now + _COLD_RESTS[min(refusals, len(_COLD_RESTS)) - 1])
    _update(before.pk, cold_until=until, cold_refusals=min(refusals, 1000), cold_refused_at=now)
    stopped = refusals >= health.COLD_STOPS_AT
    kind = SessionEvent.Kind.COLD_STOPPED if stopped else SessionEvent.Kind.COLD_SLOWED
    SessionEvent.objects.create(session=before, at=now, kind=kind, until=until)


def _record(session_id: int, seen: Health | None, status: SessionStatus | GatewayError, now: dt.datetime) -> None:
    if seen is not None:
        _update(
            session_id,
            capabilities=sorted(capability.value for capability in seen.capabilities),
            gateway_version=seen.version[:40],
        )
    if isinstance(status, GatewayError):
        _write_error(session_id, status, now, sending=False)
    else:
        _write_status(session_id, status, now)


def has_capability(session: WhatsAppSession, capability: Capability) -> bool:
    return capability.value in session.capabilities


def tells_acks(session: WhatsAppSession) -> bool:
    """Whether acknowledgements of this line can reach us: its gateway sends them, and we can tell whose they are."""
    return has_capability(session, Capability.CALLBACKS) and bool(session.webhook_secret)


# --- Private ---------------------------------------------------------------------------------------------------------


def _ask(config: GatewayConfig) -> tuple[Health | None, SessionStatus | GatewayError]:
    """Both questions; no database here, so that threads may run it. A gateway without `/health` still works."""
    gateway = open_gateway(config)
    try:
        seen: Health | None = gateway.health()
    except GatewayError:
        seen = None
    try:
        return seen, gateway.status()
    except GatewayError as error:
        return seen, error


def _back_off(failures: int) -> dt.timedelta:
    return min(_PROBE_FIRST * int(2 ** min(failures, 10)), _PROBE_MAX)


def _update(session_id: int, **fields: object) -> None:
    WhatsAppSession.objects.filter(pk=session_id).update(**fields)
