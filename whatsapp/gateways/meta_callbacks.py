"""Meta's webhooks: authenticated by the app's secret, and read into events.

One address may hear of all numbers of an app, so each event names its own; what is told of something else than
messages and preferences is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from whatsapp.gateways import events, meta_codes
from whatsapp.gateways.base import GatewayError
from whatsapp.gateways.events import (
    MAX_EVENTS,
    MAX_TEXT,
    BadEvent,
    Content,
    Event,
    Inbound,
    MalformedError,
    Preference,
    Receipt,
    ReceiptKind,
    as_text,
    field,
)
from whatsapp.gateways.session_manager_callbacks import check_sha256

SIGNATURE_HEADER = "X-Hub-Signature-256"

_KINDS = {
    "sent": ReceiptKind.SERVER,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.READ,
    "played": ReceiptKind.READ,
    "failed": ReceiptKind.FAILED,
}
_CONTENTS = {"contacts": Content.CONTACT, **{each.value: each for each in Content}}
# What is no message of a person to us.
_NOT_SAID = {"reaction", "system", "unsupported", "request_welcome"}


def authenticate(raw_body: bytes, headers: Mapping[str, str], secret: str) -> None:
    """The HMAC-SHA256 of the raw body by the app's secret. Raises NotAuthenticError."""
    check_sha256(raw_body, headers.get(SIGNATURE_HEADER, ""), secret)


def read(raw_body: bytes) -> list[Event | BadEvent]:
    """The events of one callback. Raises MalformedError for a body of which nothing can be read."""
    content = events.load(raw_body)
    if not isinstance(content, dict) or not isinstance(content.get("entry"), list):
        raise MalformedError("there is no list of entries")
    told = list(_told(content["entry"]))
    if len(told) > MAX_EVENTS:
        raise MalformedError(f"more than {MAX_EVENTS} events at once")
    found: list[Event | BadEvent] = []
    for reader, item, value in told:
        try:
            event: Event | BadEvent | None = reader(item, value)
        except MalformedError as error:
            event = BadEvent(reason=str(error), raw=as_text(item))
        if event is not None:
            found.append(event)
    events.refuse_if_all_bad(found, given=len(told))
    return found


_Reader = Callable[[dict[str, Any], dict[str, Any]], Event | None]


def _told(entries: list[Any]) -> Iterator[tuple[_Reader, dict[str, Any], dict[str, Any]]]:
    """Each thing that is told, with whoever reads it and what stands around it."""
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        for change in changes if isinstance(changes, list) else ():
            value = change.get("value") if isinstance(change, dict) else None
            if not isinstance(value, dict):
                continue
            for name, reader in _READERS.items():
                items = value.get(name)
                for item in items if isinstance(items, list) else ():
                    yield reader, item, value


def _read_status(status: dict[str, Any], value: dict[str, Any]) -> Receipt | None:
    word = field(status, "status", str)
    if word not in _KINDS:
        return None  # "deleted", "warning"… say nothing about whether it arrived
    code, title = _failure(status)
    return Receipt(
        kind=_KINDS[word],
        message_id=events.message_id(status.get("id")),
        client_message_id=events.our_id(status.get("biz_opaque_callback_data")),
        at=events.unix_moment(status.get("timestamp")),
        error_code="" if code is None else f"META_{code}",
        error_text=title,
        tenant_id=_number(value),
        trouble=None if code is None else _trouble(code),
    )


def _failure(status: dict[str, Any]) -> tuple[int | None, str]:
    errors = status.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(code, int) or isinstance(code, bool):
        return None, ""
    meaning = meta_codes.meaning_of(code)
    sentence = str(meaning.detail) if meaning else events.text(first.get("title"), limit=250, hide_numbers=True)
    return code, f"{sentence} ({meta_codes.told(code)})"


def _trouble(code: int) -> GatewayError | None:
    meaning = meta_codes.meaning_of(code)
    return None if meaning is None else meaning.error(told=meta_codes.told(code))


def _read_message(message: dict[str, Any], value: dict[str, Any]) -> Inbound | None:
    kind = field(message, "type", str)
    phone = events.phone_of(message.get("from"))
    if kind in _NOT_SAID or not phone or "group_id" in message:
        return None
    return Inbound(
        tenant_id=_number(value),
        message_id=events.message_id(message.get("id")),
        phone=phone,
        lid="",
        text=events.text(_words(kind, message), limit=MAX_TEXT),
        at=events.unix_moment(message.get("timestamp")),
        content=_CONTENTS.get(kind, Content.TEXT if kind in _SAID else Content.OTHER),
    )


# What people say by pressing something.
_SAID = {"button", "interactive"}


def _words(kind: str, message: dict[str, Any]) -> object:
    part = message.get(kind)
    if not isinstance(part, dict):
        return ""
    if kind == "interactive":
        answer = part.get("button_reply") or part.get("list_reply")
        return answer.get("title") if isinstance(answer, dict) else ""
    return part.get("body") or part.get("text") or part.get("caption") or ""


def _read_preference(preference: dict[str, Any], value: dict[str, Any]) -> Preference | None:
    word, phone = field(preference, "value", str), events.phone_of(preference.get("wa_id"))
    if word not in {"stop", "resume"} or preference.get("category", "marketing_messages") != "marketing_messages":
        return None
    if not phone:
        raise MalformedError("wa_id is missing or no number")
    return Preference(
        tenant_id=_number(value),
        phone=phone,
        wants_messages=word == "resume",
        at=events.unix_moment(preference.get("timestamp")),
    )


def _number(value: dict[str, Any]) -> str:
    """The phone number id that this is told of."""
    number: str = field(field(value, "metadata", dict), "phone_number_id", str)
    if not re.fullmatch(r"[0-9]{1,64}", number, re.ASCII):
        raise MalformedError("phone_number_id is no number")
    return number


_READERS: dict[str, _Reader] = {
    "statuses": _read_status,
    "messages": _read_message,
    "user_preferences": _read_preference,
}
