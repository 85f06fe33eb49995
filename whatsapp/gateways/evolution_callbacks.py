"""Evolution's webhooks: it signs nothing, so it sends a secret of ours in a header; and what they say, as events."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from whatsapp.gateways import events
from whatsapp.gateways.base import SessionState
from whatsapp.gateways.events import (
    MAX_EVENTS,
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
from whatsapp.gateways.evolution import STATES

SECRET_HEADER = "X-Webhook-Secret"  # noqa: S105 - the header's name

_ACKS = {
    "ERROR": ReceiptKind.FAILED,
    "SERVER_ACK": ReceiptKind.SERVER,
    "DELIVERY_ACK": ReceiptKind.DELIVERED,
    "READ": ReceiptKind.READ,
    "PLAYED": ReceiptKind.READ,
}
# Why WhatsApp closed the connection, where waiting doesn't help.
_FAREWELLS = {401: "LOGGED_OUT", 403: "BANNED"}
_CONTENTS = {
    "conversation": Content.TEXT,
    "extendedTextMessage": Content.TEXT,
    "imageMessage": Content.IMAGE,
    "videoMessage": Content.VIDEO,
    "audioMessage": Content.AUDIO,
    "documentMessage": Content.DOCUMENT,
    "documentWithCaptionMessage": Content.DOCUMENT,
    "stickerMessage": Content.STICKER,
    "locationMessage": Content.LOCATION,
    "contactMessage": Content.CONTACT,
    "contactsArrayMessage": Content.CONTACT,
}
# What belongs to a message and is none.
_NOT_SAID = {"reactionMessage", "protocolMessage", "senderKeyDistributionMessage", "pollUpdateMessage"}


def authenticate(raw_body: bytes, headers: Mapping[str, str], secret: str) -> None:
    """The secret that we agreed on, in constant time. Raises NotAuthenticError."""
    if not secret:
        raise NotAuthenticError("this session has no callback secret")
    told = headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
    if not hmac.compare_digest(secret.encode(), told):
        raise NotAuthenticError("the secret is missing or wrong")


def read(raw_body: bytes) -> list[Event | BadEvent]:
    """The events of one callback. Raises MalformedError for a body of which nothing can be read."""
    content = events.load(raw_body)
    name = field(content, "event", str).lower().replace("_", ".")
    reader, data = _READERS.get(name), content.get("data")
    if reader is None:
        return []
    told = data if isinstance(data, list) else [data]
    if len(told) > MAX_EVENTS:
        raise MalformedError(f"more than {MAX_EVENTS} events at once")
    found: list[Event | BadEvent] = []
    for item in told:
        try:
            event: Event | BadEvent | None = reader(content, item) if isinstance(item, dict) else _no_object(item)
        except MalformedError as error:
            event = BadEvent(reason=str(error), raw=as_text(item))
        if event is not None:
            found.append(event)
    events.refuse_if_all_bad(found, given=len(told))
    return found


def _no_object(item: object) -> BadEvent:
    return BadEvent(reason="data is no object", raw=as_text(item))


def _read_update(event: dict[str, Any], data: dict[str, Any]) -> Receipt | None:
    kind = _ACKS.get(field(data, "status", str))
    if kind is None or data.get("fromMe") is False:
        return None
    return Receipt(
        kind=kind,
        message_id=events.message_id(data.get("keyId")),
        client_message_id=None,
        at=_now(),
        tenant_id=_instance(event),
    )


def _read_connection(event: dict[str, Any], data: dict[str, Any]) -> SessionChange:
    state = STATES.get(field(data, "state", str))
    if state is None:
        raise MalformedError("state is none that we know")
    phone, _lid = read_sender(str(data.get("wuid") or ""))
    why = data.get("statusReason")
    reason = _FAREWELLS.get(why, "") if isinstance(why, int) else ""
    return SessionChange(
        tenant_id=_instance(event),
        state=state,
        can_send=state is SessionState.READY,
        phone=phone,
        reason=reason if state is SessionState.DISCONNECTED else "",
        at=_now(),
    )


def _read_code(event: dict[str, Any], _data: dict[str, Any]) -> SessionChange:
    return SessionChange(
        tenant_id=_instance(event), state=SessionState.AWAITING_QR, can_send=False, phone="", reason="", at=_now()
    )


def _read_message(event: dict[str, Any], data: dict[str, Any]) -> Inbound | None:
    key, message = field(data, "key", dict), data.get("message")
    kind = str(data.get("messageType") or next(iter(message), "") if isinstance(message, dict) else "")
    if key.get("fromMe") is True or kind in _NOT_SAID:
        return None
    named = (key.get("remoteJid"), key.get("remoteJidAlt"), key.get("senderPn"))
    phone, lid = read_sender(*(each for each in named if isinstance(each, str)))
    if not phone and not lid:
        return None  # a group or a broadcast
    return Inbound(
        tenant_id=_instance(event),
        message_id=events.message_id(key.get("id")),
        phone=phone,
        lid=lid,
        text=events.text(_words(message, kind), limit=MAX_TEXT),
        at=events.unix_moment(data.get("messageTimestamp")),
        content=_CONTENTS.get(kind, Content.OTHER),
    )


def _words(message: object, kind: str) -> object:
    part = message.get(kind) if isinstance(message, dict) else None
    if isinstance(part, dict):
        return part.get("text") or part.get("caption") or ""
    return part or ""


def _instance(event: dict[str, Any]) -> str:
    return events.text(field(event, "instance", str), limit=64)


def _now() -> dt.datetime:
    """Its `date_time` is the server's local time dressed as UTC; the callback itself is at most seconds old."""
    return dt.datetime.now(dt.UTC)


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Event | None]] = {
    "messages.update": _read_update,
    "connection.update": _read_connection,
    "qrcode.updated": _read_code,
    "messages.upsert": _read_message,
}
