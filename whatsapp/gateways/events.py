"""What gateways tell by themselves, as values: the words that every vendor's callbacks are read into.

They say what happened and decide nothing. Whoever applies them must bear repetition and any order: callbacks come
twice, late, and before our own answer.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import re
import uuid
from collections.abc import Sequence
from typing import Any

from leadmaster.lib import bounded_json
from whatsapp.gateways.base import MAX_MESSAGE_ID_LENGTH, GatewayError, SessionState

MAX_TEXT = 65_536
MAX_EVENTS = 1000
MAX_KEPT = 4000  # characters of an event that is kept because it could not be taken

_PERSON = re.compile(r"([1-9][0-9]{5,14})@(?:c\.us|s\.whatsapp\.net)", re.ASCII)
_LID = re.compile(r"([0-9]{5,20})@lid", re.ASCII)


class Content(enum.StrEnum):
    """What a message is made of, as the contract names it."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    OTHER = "other"


def read_content(name: str) -> Content:
    """A kind that nobody has told us of is something else than text, unless nothing is told at all."""
    if not name:
        return Content.TEXT
    return Content(name) if name in set(Content) else Content.OTHER


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inbound:
    """One message from a person. WhatsApp names people by phone or by a `lid`; at least one of both is there."""

    tenant_id: str
    message_id: str
    phone: str = dataclasses.field(repr=False)  # E.164, or empty when only the lid is known
    lid: str = dataclasses.field(repr=False)  # digits, or empty
    text: str = dataclasses.field(repr=False)
    at: dt.datetime  # aware, UTC
    content: Content = Content.TEXT  # of what is no text, `text` is the caption


def read_sender(*identities: str) -> tuple[str, str]:
    """Phone (E.164) and lid of the person behind these chat ids, each empty when not told.

    Groups, broadcasts and channels are nobody: both come back empty.
    """
    phone = lid = ""
    for identity in identities:
        if person := _PERSON.fullmatch(identity):
            phone = phone or f"+{person[1]}"
        elif hidden := _LID.fullmatch(identity):
            lid = lid or hidden[1]
    return phone, lid


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
    # What a refusal says about more than its message, where the gateway gives a code that does.
    trouble: GatewayError | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionChange:
    """The state of a session since `at` (aware, UTC). An older one than what is known must change nothing."""

    tenant_id: str
    state: SessionState
    can_send: bool
    phone: str
    reason: str
    at: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preference:
    """Somebody told WhatsApp itself, and not us in words, whether they want to be written to."""

    tenant_id: str
    phone: str = dataclasses.field(repr=False)  # E.164
    wants_messages: bool
    at: dt.datetime


Event = Receipt | SessionChange | Inbound | Preference


@dataclasses.dataclass(frozen=True, kw_only=True)
class BadEvent:
    """One event that is not what the contract says, as it came, and why."""

    reason: str
    raw: str


# --- Reading what a far side sent ------------------------------------------------------------------------------------


def load(raw_body: bytes) -> Any:
    """The JSON of a body. Raises MalformedError."""
    try:
        return bounded_json.loads(raw_body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON") from error


def refuse_if_all_bad(found: Sequence[Event | BadEvent], *, given: int) -> None:
    """Raises MalformedError when not one of what was given could be read."""
    bad = [event for event in found if isinstance(event, BadEvent)]
    if bad and len(bad) == given:
        raise MalformedError(bad[0].reason, bad=bad)


def as_text(event: object) -> str:
    """An event for whoever has to find out what is wrong with its sender."""
    return text(json.dumps(event, ensure_ascii=False, default=str), limit=MAX_KEPT)


def field(container: object, name: str, kind: type[Any]) -> Any:
    value = container.get(name) if isinstance(container, dict) else None
    if not isinstance(value, kind):
        raise MalformedError(f"{name} is missing or not what the contract says")
    return value


def message_id(value: object) -> str:
    """A gateway's own id of a message. Raises MalformedError for what can't be a key of our tables."""
    if not isinstance(value, str) or not re.fullmatch(rf"[\x21-\x7e]{{1,{MAX_MESSAGE_ID_LENGTH}}}", value):
        raise MalformedError("message_id is missing, not printable, or too long")
    return value


def our_id(value: object) -> uuid.UUID | None:
    """Ours is a UUID; any other belongs to somebody else who sends through the same session."""
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def unix_moment(value: object, *, per_second: int = 1) -> dt.datetime:
    """A moment from seconds since 1970, or from so many parts of a second, as a number or as text of digits.

    Raises MalformedError.
    """
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value, re.ASCII) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise MalformedError("the time is no number")
    try:
        moment = dt.datetime.fromtimestamp(number / per_second, dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise MalformedError("the time is out of this world") from None
    if not 2000 <= moment.year < 2200:
        raise MalformedError("the time is out of this world")
    return moment


def phone_of(digits: object) -> str:
    """E.164 from the digits that WhatsApp names a person by; empty for anything else."""
    plain = digits.removeprefix("+") if isinstance(digits, str) else ""
    return f"+{plain}" if re.fullmatch(r"[1-9][0-9]{5,14}", plain, re.ASCII) else ""


def code(value: object) -> str:
    """A code for programs, or nothing; gateways also send numbers such as 463."""
    told = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return told if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", told, re.ASCII) else ""


def text(value: object, *, limit: int, hide_numbers: bool = False) -> str:
    """Text that any database takes; numbers long enough to be a phone are hidden on request."""
    if not isinstance(value, str):
        return ""
    told = value.encode("utf-8", "replace").decode().replace("\0", "")
    return (re.sub(r"\d{6,}", "…", told) if hide_numbers else told)[:limit]
