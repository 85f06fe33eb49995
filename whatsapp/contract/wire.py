"""The contract's words: states, what a request asks, and replies in its shapes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import io
import re
from collections.abc import Mapping
from typing import Protocol

import segno

from whatsapp.contract.http import Reply, Request, json_reply

SERVICE = "session-manager"
VERSION = "1.2.0"
CAPABILITIES = (
    "connect", "disconnect", "logout", "pairing_code", "lookup", "dedupe", "echo", "presence", "callbacks",
)  # fmt: skip
# Seconds that each code to scan lives, as WhatsApp does it; after the last one the session gives up.
CODE_LIVES = (60.0, 20.0, 20.0, 20.0, 20.0, 20.0)
MAX_TEXT = 65_536
MAX_TYPING = 60

_CHAT_ID = re.compile(r"([1-9][0-9]{5,14})@c\.us", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
_TENANT = re.compile(r"[\x21-\x7e]{1,64}")


class State(enum.StrEnum):
    READY = "READY"
    CONNECTING = "CONNECTING"
    AWAITING_QR = "AWAITING_QR"
    DISCONNECTED = "DISCONNECTED"


class Line(Protocol):
    """One session, as the contract shows it."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> State: ...

    @property
    def ready(self) -> bool: ...

    @property
    def phone(self) -> str:
        """E.164, or empty."""

    @property
    def reason(self) -> str:
        """Why it is disconnected, or empty."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Message:
    phone: str  # digits
    to: str
    text: str
    client_message_id: str | None


class RequestRefusedError(Exception):
    """A request that goes no further; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


# --- What a request asks --------------------------------------------------------------------------------------------


def read_tenant(request: Request) -> str:
    name = request.headers.get("x-cliente-id", "")
    if not _TENANT.fullmatch(name):
        raise invalid("header X-Cliente-Id is required")
    return name


def read_message(request: Request, tenant: str) -> Message:
    """The message of a request. Raises RequestRefusedError with a 400 in the contract's shape."""
    body = request.json()
    if body is None:
        raise invalid("the body must be a JSON object")
    if str(body.get("cliente_id", tenant)) != tenant:
        raise invalid("cliente_id and X-Cliente-Id differ")
    to, text, client_message_id = body.get("to"), body.get("message"), body.get("client_message_id")
    matched = _CHAT_ID.fullmatch(to) if isinstance(to, str) else None
    if matched is None:
        raise invalid("to must be digits followed by @c.us")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
        raise invalid(f"message must be text of 1 to {MAX_TEXT} characters")
    if client_message_id is not None and not (
        isinstance(client_message_id, str) and _CLIENT_ID.fullmatch(client_message_id)
    ):
        raise invalid("client_message_id must be 1 to 64 letters, digits, dots, colons, dashes or underscores")
    return Message(phone=matched[1], to=matched[0], text=text, client_message_id=client_message_id)


def read_typing(request: Request) -> tuple[str, float]:
    """Whom to show the typing indicator (digits), and for how many seconds."""
    body = request.json() or {}
    to, seconds = body.get("to"), body.get("seconds")
    matched = _CHAT_ID.fullmatch(to) if isinstance(to, str) else None
    if matched is None:
        raise invalid("to must be digits followed by @c.us")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_TYPING:
        raise invalid(f"seconds must be a number from 0 to {MAX_TYPING}")
    return matched[1], float(seconds)


def read_phone(request: Request) -> str:
    """The phone that will type a code, in E.164."""
    phone = (request.json() or {}).get("phone")
    if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
        raise invalid("phone must be E.164")
    return phone


# --- Replies --------------------------------------------------------------------------------------------------------


def error_reply(
    status: int,
    code: str,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    whatsapp_code: int | None = None,
) -> Reply:
    body: dict[str, object] = {"error": True, "code": code, "message": message}
    if whatsapp_code is not None:
        body["whatsapp_code"] = whatsapp_code
    return json_reply(body, status=status, headers=headers)


def invalid(message: str) -> RequestRefusedError:
    return RequestRefusedError(error_reply(400, "VALIDATION", message))


def not_ready(line: Line) -> Reply:
    return error_reply(409, "SESSION_NOT_READY", f"WhatsApp session not ready. Current state: {line.state}")


def no_code(line: Line) -> Reply:
    return error_reply(409, "QR_NOT_AVAILABLE", f"there is no code now: state is {line.state}")


def accepted(message_id: str) -> Reply:
    return json_reply({"ok": True, "message_id": message_id})


def found(client_message_id: str, status: str, message_id: str | None) -> Reply:
    """What is known of a message."""
    body = {"ok": True, "client_message_id": client_message_id, "status": status}
    return json_reply(body if message_id is None else {**body, "message_id": message_id})


def unknown_message() -> Reply:
    return error_reply(404, "UNKNOWN_MESSAGE", "no message with this client_message_id")


def state_of(line: Line) -> dict[str, object]:
    """The state of a session, alike in `/status` and in its callback."""
    state: dict[str, object] = {
        "state": line.state,
        "connected": line.state is State.READY,
        "can_send_messages": line.ready,
        "needs_qr": line.state is State.AWAITING_QR,
    }
    if line.phone:
        state["phone"] = line.phone
    if line.reason:
        state["reason"] = line.reason
    return state


def moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def qr_image(qr: str, *, accept: str) -> Reply:
    """The code as a picture: PNG, or SVG where that is asked for."""
    image = io.BytesIO()
    svg = "image/svg+xml" in accept
    segno.make(qr, error="l").save(image, kind="svg" if svg else "png", scale=6, border=3)
    return Reply(
        body=image.getvalue(),
        content_type="image/svg+xml" if svg else "image/png",
        headers={"Cache-Control": "no-store"},
    )
