"""The one seam to WhatsApp: a Protocol with few verbs, and errors that carry the decision.

A gateway speaks for one session of one tenant. It is made from plain values (`GatewayConfig`), so that the threads
that wait on its sockets never touch the database.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from typing import Protocol

# Ids are keys of our tables; the longest that gateways really give have about 80 characters.
MAX_MESSAGE_ID_LENGTH = 160


class Outcome(enum.StrEnum):
    """What a failed send means for the message."""

    REFUSED = "refused"  # for good: the next message goes on
    NOT_SENT = "not_sent"  # proven: it may be tried again
    UNKNOWN = "unknown"  # nobody knows: never resent blindly


class Scope(enum.StrEnum):
    """How far a failure reaches."""

    MESSAGE = "message"
    SESSION = "session"  # every message of this session would meet the same
    COLD = "cold"  # only first contacts of this session (WhatsApp 463)


class SessionState(enum.StrEnum):
    """The states of the session manager's contract."""

    READY = "READY"
    CONNECTING = "CONNECTING"
    AWAITING_QR = "AWAITING_QR"
    DISCONNECTED = "DISCONNECTED"


class GatewayError(Exception):
    """A call that did not do what was asked.

    `outcome` and `scope` decide what the engine does; `code` is stable and for programs; `detail` is a sentence for
    people without personal data; `retry_after` is in seconds; `needs_person` is true when waiting will not help
    (logged out, banned, wrong token): the session is paused and somebody is told.
    """

    def __init__(
        self,
        detail: str,
        *,
        outcome: Outcome,
        scope: Scope,
        code: str,
        retry_after: float | None = None,
        http_status: int | None = None,
        needs_person: bool = False,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.outcome = outcome
        self.scope = scope
        self.code = code
        self.retry_after = retry_after
        self.http_status = http_status
        self.needs_person = needs_person

    def __repr__(self) -> str:
        return f"GatewayError({self.code}, outcome={self.outcome}, scope={self.scope}, http={self.http_status})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """Everything a gateway needs to speak for one session. Timeouts in seconds."""

    kind: str
    base_url: str
    tenant_id: str
    token: str = dataclasses.field(default="", repr=False)
    send_timeout: float = 90.0
    call_timeout: float = 10.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutboundMessage:
    """`phone` is E.164 with the plus sign; `client_message_id` is ours, fixed when the envío was created."""

    phone: str = dataclasses.field(repr=False)
    text: str = dataclasses.field(repr=False)
    client_message_id: uuid.UUID


@dataclasses.dataclass(frozen=True, kw_only=True)
class SendResult:
    """The gateway's own word that it has the message."""

    message_id: str
    http_status: int
    host: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionStatus:
    state: SessionState
    can_send: bool
    phone: str = ""

    @property
    def ready(self) -> bool:
        return self.state is SessionState.READY and self.can_send


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairingCode:
    """What a person scans; `expires_at` is aware and in UTC."""

    qr: str
    expires_at: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class TypedCode:
    """What a person types on the phone instead: eight characters; `expires_at` is aware and in UTC."""

    code: str
    expires_at: dt.datetime


class Capability(enum.StrEnum):
    """Optional parts of the contract, as `/health` announces them."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    LOGOUT = "logout"  # unlinks the phone, where `disconnect` leaves it linked
    PAIRING_CODE = "pairing_code"  # a code to type on the phone
    LOOKUP = "lookup"  # GET /messages/{client_message_id} answers from an index of our ids
    DEDUPE = "dedupe"  # a repeated client_message_id is recognised and not sent again
    ECHO = "echo"  # callbacks carry our client_message_id
    PRESENCE = "presence"
    CALLBACKS = "callbacks"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Health:
    version: str
    capabilities: frozenset[Capability]


class Gateway(Protocol):
    """The verbs. Every one raises `GatewayError` and nothing else for anything the network or the far side does."""

    def health(self) -> Health: ...

    def status(self) -> SessionStatus: ...

    def pairing_code(self) -> PairingCode | None:
        """The code to scan now, or None while there is none (already paired, or still connecting)."""

    def typed_code(self, phone: str) -> TypedCode | None:
        """The code to type on the phone of this number (E.164), or None while no pairing is under way."""

    def connect(self) -> None: ...

    def disconnect(self) -> None:
        """Close the session; its phone stays linked."""

    def logout(self) -> None:
        """Close the session and unlink its phone."""

    def send(self, message: OutboundMessage) -> SendResult:
        """Hand one message over. Returns only with the gateway's own message id."""

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        """What the gateway knows of our id. None means: indexed here, and never seen."""

    def show_typing(self, phone: str, seconds: float) -> None:
        """Ask for the typing indicator. Returns at once; callers may ignore its errors."""
