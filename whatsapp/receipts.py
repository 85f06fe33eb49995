"""Authenticate and read the session manager's callbacks; the values say what happened and decide nothing.

Whoever applies them must bear repetition and any order: callbacks come twice, late, and before our own answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from leadmaster.lib import bounded_json
from whatsapp.gateways.base import MAX_MESSAGE_ID_LENGTH, SessionState
from whatsapp.inbound import MAX_TEXT, Inbound, read_content, read_sender

SIGNATURE_HEADER = "X-Signature"
MAX_EVENTS = 1000
MAX_KEPT = 4000  # characters of an event that is kept because it could not be taken


class CallbackError(Exception):
    """A callback that is not taken."""


class NotAuthenticError(CallbackError):
    """The signature is missing or wrong, or this session has no secret. Nothing of the body was read."""


class MalformedError(CallbackError):
    """Signed as it should be, and not what the contract says. `bad` are the events, when it came so far."""

    def __init__(self, reason: str, *, bad: Sequence[BadEvent] = ()) -> None:
        super().__init__(reason)
        self.bad = bad


class ReceiptKind(enum.StrEnum):
    SERVER = "server"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of one message that the gateway had accepted. `at` is aware and in UTC."""

    kind: ReceiptKind
    message_id: str
    client_message_id: uuid.UUID | None
    at: dt.datetime
    error_code: str = ""
    error_text: str = ""
    tenant_id: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionChange:
    """The state of a session since `at` (aware, UTC). An older one than what is known must change nothing."""

    tenant_id: str
    state: SessionState
    can_send: bool
    phone: str
    reason: str
    at: dt.datetime


Event = Receipt | SessionChange | Inbound


@dataclasses.dataclass(frozen=True, kw_only=True)
class BadEvent:
    """One event that is not what the contract says, as it came, and why."""

    reason: str
    raw: str


def parse(raw_body: bytes, signature: str, secret: str) -> list[Event | BadEvent]:
    """The events of one callback: an object, or an array of them. Events of kinds we do not know are left out.

    `signature` is the X-Signature header: "sha256=" and the HMAC-SHA256 of the raw body in hex.
    Raises NotAuthenticError before looking at the body, and MalformedError for a body of which nothing can be read: no
    JSON, more than MAX_EVENTS, or not one event that is the contract's (`bad` holds them).
    """
    _authenticate(raw_body, signature, secret)
    given, found = _read(raw_body)
    bad = [event for event in found if isinstance(event, BadEvent)]
    if bad and len(bad) == given:
        raise MalformedError(bad[0].reason, bad=bad)
    return found


def _authenticate(raw_body: bytes, signature: str, secret: str) -> None:
    if not secret:
        raise NotAuthenticError("this session has no callback secret")
    expected = "sha256=" + hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    # As bytes: compare_digest refuses text outside ASCII, and the header is the sender's.
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace")):
        raise NotAuthenticError("the signature does not fit the body")


def _read(raw_body: bytes) -> tuple[int, list[Event | BadEvent]]:
    """How many events came, and what they are."""
    try:
        content = bounded_json.loads(raw_body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON") from error
    events = content if isinstance(content, list) else [content]
    if len(events) > MAX_EVENTS:
        raise MalformedError(f"more than {MAX_EVENTS} events at once")
    found: list[Event | BadEvent] = []
    for event in events:
        try:
            name, data = _field(event, "event", str), _field(event, "data", dict)
            reader = _READERS.get(name)
            value: Event | BadEvent | None = reader(event, data) if reader else None
        except MalformedError as error:
            value = BadEvent(reason=str(error), raw=as_text(event))
        if value is not None:
            found.append(value)
    return len(events), found


def as_text(event: object) -> str:
    """An event for whoever has to find out what is wrong with its sender."""
    return _text(json.dumps(event, ensure_ascii=False, default=str), limit=MAX_KEPT)


def _read_ack(event: dict[str, Any], data: dict[str, Any]) -> Receipt:
    try:
        kind = ReceiptKind(_field(data, "ack", str))
    except ValueError:
        raise MalformedError("ack is none that the contract knows") from None
    return Receipt(
        kind=kind,
        message_id=_message_id(data),
        client_message_id=_uuid(data.get("client_message_id")),
        at=_moment(event),
        error_code=_code(data.get("error_code")),
        error_text=_text(data.get("error_text"), limit=300, hide_numbers=True),
        tenant_id=_tenant(event),
    )


def _read_state(event: dict[str, Any], data: dict[str, Any]) -> SessionChange:
    try:
        state = SessionState(_field(data, "state", str))
    except ValueError:
        raise MalformedError("state is none that the contract knows") from None
    phone = _text(data.get("phone"), limit=20)
    return SessionChange(
        tenant_id=_tenant(event),
        state=state,
        can_send=data.get("can_send_messages") is True,
        phone=phone if re.fullmatch(r"\+[1-9][0-9]{5,14}", phone, re.ASCII) else "",
        reason=_code(data.get("reason")),
        at=_moment(event),
    )


def _read_inbound(event: dict[str, Any], data: dict[str, Any]) -> Inbound | None:
    phone, lid = read_sender(_field(data, "from", str), _text(data.get("from_phone"), limit=40))
    if not phone and not lid:
        return None  # a group or a broadcast: nobody whose wish we could follow
    return Inbound(
        tenant_id=_tenant(event),
        message_id=_message_id(data),
        phone=phone,
        lid=lid,
        text=_text(data.get("text"), limit=MAX_TEXT),
        at=_moment(event),
        content=read_content(_text(data.get("type"), limit=20)),
    )


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Event | None]] = {
    "message.ack": _read_ack,
    "session.state": _read_state,
    "message.inbound": _read_inbound,
}


# --- Fields -------------------------------------------------------------------------------------------------------


def _field(container: object, name: str, kind: type[Any]) -> Any:
    value = container.get(name) if isinstance(container, dict) else None
    if not isinstance(value, kind):
        raise MalformedError(f"{name} is missing or not what the contract says")
    return value


def _message_id(data: dict[str, Any]) -> str:
    value: str = _field(data, "message_id", str)
    if not re.fullmatch(rf"[\x21-\x7e]{{1,{MAX_MESSAGE_ID_LENGTH}}}", value):
        raise MalformedError("message_id is not printable, or too long")
    return value


def _uuid(value: object) -> uuid.UUID | None:
    """Ours is a UUID; any other belongs to somebody else who sends through the same session."""
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(event: dict[str, Any]) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(_field(event, "at", str))
        if moment.tzinfo is None or not 2000 <= moment.year < 2200:
            raise ValueError("no time zone, or a year out of this world")
        return moment.astimezone(dt.UTC)
    except ValueError as error:
        raise MalformedError("at is not a date and time with its zone") from error


def _tenant(event: dict[str, Any]) -> str:
    value = event.get("cliente_id", "")
    return _text(str(value), limit=64) if isinstance(value, str | int) else ""


def _code(value: object) -> str:
    """A code for programs, or nothing; gateways also send numbers such as 463."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text, re.ASCII) else ""


def _text(value: object, *, limit: int, hide_numbers: bool = False) -> str:
    """Text that any database takes; numbers long enough to be a phone are hidden on request."""
    if not isinstance(value, str):
        return ""
    text = value.encode("utf-8", "replace").decode().replace("\0", "")
    return (re.sub(r"\d{6,}", "…", text) if hide_numbers else text)[:limit]
