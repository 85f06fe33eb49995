"""Where a line stands, in one word for alerts, pages and campaigns alike. Read from its row; nothing is asked.

A line may be connected and not send: its gateway says so in its status, or refuses each message with 409 while the
status says READY. Both are one state, MUTE, and only what proves the cure ends it.
"""

from __future__ import annotations

import datetime as dt
import enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from whatsapp.models import State, WhatsAppSession

LOGGED_OUT = "LOGGED_OUT"
BANNED = "BANNED"
WRONG_ACCOUNT = "WRONG_ACCOUNT"
QR_EXPIRED = "QR_EXPIRED"
REQUESTED = "REQUESTED"
REPLACED = "REPLACED"
CLIENT_OUTDATED = "CLIENT_OUTDATED"
CREDENTIALS_UNREADABLE = "CREDENTIALS_UNREADABLE"
# A phone has to be linked anew, and then it goes on by itself.
UNLINKED = (LOGGED_OUT, WRONG_ACCOUNT)
# Why it was closed, where dialling again would not help or is not ours to do: two programs with the same
# credentials would throw each other out for ever.
_STAYS_CLOSED = (
    LOGGED_OUT, BANNED, WRONG_ACCOUNT, QR_EXPIRED, REQUESTED, REPLACED, CLIENT_OUTDATED, CREDENTIALS_UNREADABLE
)  # fmt: skip
NOT_AUTHORISED = "NOT_AUTHORISED"


class Standing(enum.Enum):
    READY = "ready"
    BLOCKED = "blocked"  # the gateway asked for a pause (429)
    DEAF = "deaf"  # connected, and nothing that it sends is acknowledged
    MUTE = "mute"  # connected, and does not send
    CONNECTING = "connecting"
    UNPAIRED = "unpaired"  # nobody ever paired it
    AWAITING_QR = "awaiting_qr"
    RESTING = "resting"  # closed because nobody needs it; it opens by itself
    DISCONNECTED = "disconnected"
    UNREACHABLE = "unreachable"  # its gateway does not answer
    LOGGED_OUT = "logged_out"  # paired anew, it goes on by itself
    PAUSED = "paused"  # only a person lifts it


WORDS: dict[Standing, Promise] = {
    Standing.READY: _("Conectada"),
    Standing.BLOCKED: _("Frenada por el gateway"),
    Standing.DEAF: _("Conectada, pero no confirma lo que envía"),
    Standing.MUTE: _("Conectada, pero no envía"),
    Standing.CONNECTING: _("Conectando"),
    Standing.UNPAIRED: _("Falta vincular"),
    Standing.AWAITING_QR: _("Esperando código QR"),
    Standing.RESTING: _("En reposo"),
    Standing.DISCONNECTED: _("Desconectada"),
    Standing.UNREACHABLE: _("El gateway no responde"),
    Standing.LOGGED_OUT: _("Perdió el vínculo"),
    Standing.PAUSED: _("En pausa: espera a una persona"),
}


def standing(session: WhatsAppSession, now: dt.datetime) -> Standing:
    if session.paused_at is not None:
        return Standing.LOGGED_OUT if session.trouble_code in UNLINKED else Standing.PAUSED
    if session.unreachable_since is not None:
        return Standing.UNREACHABLE
    if session.state == State.CONNECTING:
        return Standing.CONNECTING
    if session.state != State.READY:
        return _closed(session)
    if session.rested_at is not None:
        return Standing.RESTING  # it is being closed
    if session.deaf_since is not None or session.mute_since is not None:
        return Standing.DEAF if session.deaf_since is not None else Standing.MUTE
    if session.blocked_until is not None and session.blocked_until > now:
        return Standing.BLOCKED
    return Standing.READY


def _closed(session: WhatsAppSession) -> Standing:
    if session.paired_at is None:
        return Standing.UNPAIRED
    if session.state == State.AWAITING_QR:
        return Standing.AWAITING_QR
    return Standing.RESTING if session.rested_at is not None else Standing.DISCONNECTED


def needs_pairing(session: WhatsAppSession) -> bool:
    """Whether it stays closed until a person does something, at its gateway or with its phone."""
    return session.closed_reason in _STAYS_CLOSED


def word(session: WhatsAppSession, now: dt.datetime) -> str:
    return str(WORDS[standing(session, now)])
