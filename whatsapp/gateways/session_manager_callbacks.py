"""The session manager's callbacks: authenticated, and read into events."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

from whatsapp.gateways import events
from whatsapp.gateways.base import SessionState
from whatsapp.gateways.events import (
    MAX_EVENTS,
    MAX_TEXT,
    BadEvent,
    Event,
    Inbound,
    MalformedError,
    NotAuthenticError,
    Receipt,
    ReceiptKind,
    SessionChange,
    as_text,
    field,
    read_content,
    read_sender,
)

SIGNATURE_HEADER = "X-Signature"


def authenticate(raw_body: bytes, headers: Mapping[str, str], secret: str) -> None:
    """X-Signature is "sha256=" and the HMAC-SHA256 of the raw body in hex. Raises NotAuthenticError."""
    check_sha256(raw_body, headers.get(SIGNATURE_HEADER, ""), secret)


def check_sha256(raw_body: bytes, signature: str, secret: str) -> None:
    if not secret:
        raise NotAuthenticError("this session has no callback secret")
    expected = "sha256=" + hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    # As bytes: compare_digest refuses text outside ASCII, and the header is the sender's.
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode("utf-8", "replace")):
        raise NotAuthenticError("the signature does not fit the body")


def read(raw_body: bytes) -> list[Event | BadEvent]:
    """The events of one callback: an object, or an array of them. Events of kinds we do not know are left out.

    Raises MalformedError for a body of which nothing can be read: no JSON, more than MAX_EVENTS, or not one event that
    is the contract's (`bad` holds them).
    """
    content = events.load(raw_body)
    told = content if isinstance(content, list) else [content]
    if len(told) > MAX_EVENTS:
        raise MalformedError(f"more than {MAX_EVENTS} events at once")
    found: list[Event | BadEvent] = []
    for event in told:
        try:
            name, data = field(event, "event", str), field(event, "data", dict)
            reader = _READERS.get(name)
            value: Event | BadEvent | None = reader(event, data) if reader else None
        except MalformedError as error:
            value = BadEvent(reason=str(error), raw=as_text(event))
        if value is not None:
            found.append(value)
    events.refuse_if_all_bad(found, given=len(told))
    return found


def _read_ack(event: dict[str, Any], data: dict[str, Any]) -> Receipt:
    try:
        kind = ReceiptKind(field(data, "ack", str))
    except ValueError:
        raise MalformedError("ack is none that the contract knows") from None
    return Receipt(
        kind=kind,
        message_id=events.message_id(data.get("message_id")),
        client_message_id=events.our_id(data.get("client_message_id")),
        at=_moment(event),
        error_code=events.code(data.get("error_code")),
        error_text=events.text(data.get("error_text"), limit=300, hide_numbers=True),
        tenant_id=_tenant(event),
    )


def _read_state(event: dict[str, Any], data: dict[str, Any]) -> SessionChange:
    try:
        state = SessionState(field(data, "state", str))
    except ValueError:
        raise MalformedError("state is none that the contract knows") from None
    phone = events.text(data.get("phone"), limit=20)
    return SessionChange(
        tenant_id=_tenant(event),
        state=state,
        can_send=data.get("can_send_messages") is True,
        phone=phone if re.fullmatch(r"\+[1-9][0-9]{5,14}", phone, re.ASCII) else "",
        reason=events.code(data.get("reason")),
        at=_moment(event),
    )


def _read_inbound(event: dict[str, Any], data: dict[str, Any]) -> Inbound | None:
    phone, lid = read_sender(field(data, "from", str), events.text(data.get("from_phone"), limit=40))
    if not phone and not lid:
        return None  # a group or a broadcast: nobody whose wish we could follow
    return Inbound(
        tenant_id=_tenant(event),
        message_id=events.message_id(data.get("message_id")),
        phone=phone,
        lid=lid,
        text=events.text(data.get("text"), limit=MAX_TEXT),
        at=_moment(event),
        content=read_content(events.text(data.get("type"), limit=20)),
    )


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Event | None]] = {
    "message.ack": _read_ack,
    "session.state": _read_state,
    "message.inbound": _read_inbound,
}


def _moment(event: dict[str, Any]) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(field(event, "at", str))
        if moment.tzinfo is None or not 2000 <= moment.year < 2200:
            raise ValueError("no time zone, or a year out of this world")
        return moment.astimezone(dt.UTC)
    except ValueError as error:
        raise MalformedError("at is not a date and time with its zone") from error


def _tenant(event: dict[str, Any]) -> str:
    value = event.get("cliente_id", "")
    return events.text(str(value), limit=64) if isinstance(value, str | int) else ""
