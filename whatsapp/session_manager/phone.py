"""A phone, as a line sees it. One is used for one connection: after `Gone` it is closed, and the next try makes another."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Trouble(enum.StrEnum):
    """Why a message did not go out, or is not known to have done."""

    NOT_SENT = "not_sent"  # proven; it may be tried again
    NOT_CONNECTED = "not_connected"  # proven
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    FIRST_CONTACT = "first_contact"  # WhatsApp 463
    RATE_LIMITED = "rate_limited"  # proven
    UNKNOWN = "unknown"  # nobody knows


class PhoneError(Exception):
    """What was asked was not done; with UNKNOWN, perhaps it was. `whatsapp_code` is WhatsApp's own."""

    def __init__(self, trouble: Trouble, detail: str, *, whatsapp_code: int | None = None) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail
        self.whatsapp_code = whatsapp_code


class End(enum.StrEnum):
    """Why a connection is over."""

    NETWORK = "NETWORK"
    LOGGED_OUT = "LOGGED_OUT"
    BANNED = "BANNED"
    REPLACED = "REPLACED"  # another program uses the same credentials
    CLIENT_OUTDATED = "CLIENT_OUTDATED"  # WhatsApp wants a newer client
    QR_EXPIRED = "QR_EXPIRED"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"  # not the number of this line
    IDLE = "IDLE"
    REQUESTED = "REQUESTED"
    CREDENTIALS_UNREADABLE = "CREDENTIALS_UNREADABLE"  # no key that we have opens the file


# Dialling again would change nothing, or make it worse: a person has to act.
FINAL = frozenset(End) - {End.NETWORK}


@dataclasses.dataclass(frozen=True, kw_only=True)
class QrShown:
    """Another code to scan, in place of the one before."""

    code: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paired:
    """A phone was linked; `phone` is E.164."""

    phone: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Connected:
    """Messages can go. `phone` is E.164, or empty when it is not told."""

    phone: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gone:
    """The connection is over; `detail` is for a log."""

    end: End
    detail: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """`ack` is delivered or read."""

    message_ids: tuple[str, ...]
    ack: str
    at: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Received:
    """Somebody wrote. `sender` is a chat id, `…@lid` where WhatsApp hides the number; of what is no text, `text` is the caption."""

    message_id: str
    sender: str = dataclasses.field(repr=False)
    sender_phone: str = dataclasses.field(repr=False)  # digits, or empty when nobody knows
    kind: str
    text: str = dataclasses.field(repr=False)
    at: dt.datetime


Event = QrShown | Paired | Connected | Gone | Acknowledged | Received


class Phone(Protocol):
    """Phones are digits. Every verb but `open` and `close` raises PhoneError and nothing else."""

    async def open(self) -> None:
        """Begin to dial; what becomes of it is told as events."""

    async def send(self, to: str, text: str) -> str:
        """WhatsApp's own id of the message, once its server took it."""

    async def show_typing(self, to: str, seconds: float) -> None: ...

    async def pair_by_code(self, phone: str) -> str:
        """Eight characters to type on that phone, while codes to scan are shown."""

    async def log_out(self) -> None:
        """Unlink at WhatsApp's."""

    async def close(self) -> None:
        """End the connection, whatever state it is in, and let go of the credentials."""


# Where the credentials lie, and who is told; events come on the event loop's thread.
PhoneMaker = Callable[[Path, Callable[[Event], None]], Phone]
