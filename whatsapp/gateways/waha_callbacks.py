"""WAHA's webhooks: authenticated by the session's HMAC key, and read into events."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from whatsapp.gateways import events
from whatsapp.gateways.base import SessionState
from whatsapp.gateways.events import (
    MAX_TEXT,
    BadEvent,
    Content,
    Event,
    Inbound,
    MalformedError,
    NotAuthenticError,
    Receipt,
    ReceiptKind,
    SessionChange,
    as_text,
    field,
    read_sender,
)
from whatsapp.gateways.waha import STATES, own_id

SIGNATURE_HEADER = "X-Webhook-Hmac"

_ACKS = {
    -1: ReceiptKind.FAILED,
    1: ReceiptKind.SERVER,
    2: ReceiptKind.DELIVERED,
    3: ReceiptKind.READ,
    4: ReceiptKind.READ,
}


def authenticate(raw_body: bytes, headers: Mapping[str, str], secret: str) -> None:
    """The HMAC-SHA512 of the raw body in hex. Raises NotAuthenticError."""
    if not secret:
        raise NotAuthenticError("this session has no callback secret")
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha512).hexdigest()
    told = headers.get(SIGNATURE_HEADER, "").strip().lower()
    if not hmac.compare_digest(expected.encode(), told.encode("utf-8", "replace")):
        raise NotAuthenticError("the signature does not fit the body")


def read(raw_body: bytes) -> list[Event | BadEvent]:
    """The event of one callback, if it is one of ours. Raises MalformedError."""
    content = events.load(raw_body)
    try:
        reader = _READERS.get(field(content, "event", str))
        event = reader(content, field(content, "payload", dict)) if reader else None
    except MalformedError as error:
        raise MalformedError(str(error), bad=[BadEvent(reason=str(error), raw=as_text(content))]) from error
    return [] if event is None else [event]


def _read_ack(event: dict[str, Any], payload: dict[str, Any]) -> Receipt | None:
    ack = field(payload, "ack", int)
    if ack not in _ACKS or payload.get("fromMe") is False:
        return None  # on its way; or what we read of theirs
    message_id = events.message_id(own_id(payload.get("id")))
    return Receipt(
        kind=_ACKS[ack],
        message_id=message_id,
        # Of a message whose id we chose, that is ours.
        client_message_id=events.our_id(message_id) if len(message_id) == 32 else None,
        at=_moment(event),
        tenant_id=_session(event),
    )


def _read_status(event: dict[str, Any], payload: dict[str, Any]) -> SessionChange:
    state = STATES.get(field(payload, "status", str))
    if state is None:
        raise MalformedError("status is none that we know")
    me = event.get("me")
    phone, _lid = read_sender(str(me.get("id"))) if isinstance(me, dict) else ("", "")
    return SessionChange(
        tenant_id=_session(event),
        state=state,
        can_send=state is SessionState.READY,
        phone=phone,
        reason="",
        at=_moment(event),
    )


def _read_message(event: dict[str, Any], payload: dict[str, Any]) -> Inbound | None:
    if payload.get("fromMe") is True:
        return None
    data = payload.get("_data")
    key = data.get("key") if isinstance(data, dict) else None
    others = [key.get(name) for name in ("remoteJidAlt", "senderPn")] if isinstance(key, dict) else []
    phone, lid = read_sender(field(payload, "from", str), *(str(other) for other in others if other))
    if not phone and not lid:
        return None  # a group or a broadcast
    return Inbound(
        tenant_id=_session(event),
        message_id=events.message_id(own_id(payload.get("id"))),
        phone=phone,
        lid=lid,
        text=events.text(payload.get("body"), limit=MAX_TEXT),
        at=events.unix_moment(payload.get("timestamp")),
        content=_content(payload),
    )


def _content(payload: dict[str, Any]) -> Content:
    if payload.get("location"):
        return Content.LOCATION
    if payload.get("vCards"):
        return Content.CONTACT
    if payload.get("hasMedia") is not True:
        return Content.TEXT
    media = payload.get("media")
    kind = str(media.get("mimetype", "")) if isinstance(media, dict) else ""
    if kind == "image/webp":
        return Content.STICKER
    by_family = {"image": Content.IMAGE, "video": Content.VIDEO, "audio": Content.AUDIO, "": Content.OTHER}
    return by_family.get(kind.partition("/")[0], Content.DOCUMENT)


def _session(event: dict[str, Any]) -> str:
    return events.text(field(event, "session", str), limit=64)


def _moment(event: dict[str, Any]) -> dt.datetime:
    """Milliseconds; an older WAHA tells none, and then it is about now."""
    told = event.get("timestamp")
    return dt.datetime.now(dt.UTC) if told is None else events.unix_moment(told, per_second=1000)


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Event | None]] = {
    "message.ack": _read_ack,
    "session.status": _read_status,
    "message": _read_message,
}
