"""What a gateway calls back with, authenticated and read into values; the values say what happened and decide nothing.

Which vendor signs how, and writes what, is known to `whatsapp.gateways.callbacks` alone.
"""

from __future__ import annotations

from whatsapp.gateways import session_manager_callbacks
from whatsapp.gateways.callbacks import asks_first, challenge, hears_of_all, parse_callback
from whatsapp.gateways.events import (
    MAX_EVENTS,
    MAX_KEPT,
    BadEvent,
    CallbackError,
    Event,
    MalformedError,
    NotAuthenticError,
    Preference,
    Receipt,
    ReceiptKind,
    SessionChange,
    as_text,
)
from whatsapp.gateways.session_manager_callbacks import SIGNATURE_HEADER

__all__ = [
    "MAX_EVENTS",
    "MAX_KEPT",
    "SIGNATURE_HEADER",
    "BadEvent",
    "CallbackError",
    "Event",
    "MalformedError",
    "NotAuthenticError",
    "Preference",
    "Receipt",
    "ReceiptKind",
    "SessionChange",
    "as_text",
    "asks_first",
    "challenge",
    "hears_of_all",
    "parse",
    "parse_callback",
]


def parse(raw_body: bytes, signature: str, secret: str) -> list[Event | BadEvent]:
    """The events of one callback of the session manager. Raises NotAuthenticError before looking at the body, and
    MalformedError."""
    session_manager_callbacks.authenticate(raw_body, {SIGNATURE_HEADER: signature}, secret)
    return session_manager_callbacks.read(raw_body)
