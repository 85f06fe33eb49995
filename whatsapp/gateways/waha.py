"""WAHA (WhatsApp HTTP API): the client of one session on somebody's own server.

It answers before WhatsApp does, so its id means "accepted" and the callbacks tell the rest. With the engines NOWEB and
GOWS we choose the message's id ourselves: ours, in hex, so that a callback about it settles a doubt.
"""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from typing import Any
from urllib.parse import quote

from whatsapp.gateways import answers
from whatsapp.gateways.asking import misunderstood
from whatsapp.gateways.base import (
    Capability,
    GatewayError,
    Health,
    OutboundMessage,
    PairingCode,
    SendResult,
    SessionState,
    SessionStatus,
    TypedCode,
)
from whatsapp.gateways.events import read_sender
from whatsapp.gateways.transport import Answer
from whatsapp.gateways.vendor import VendorGateway

STATES = {
    "STOPPED": SessionState.DISCONNECTED,
    "STARTING": SessionState.CONNECTING,
    "SCAN_QR_CODE": SessionState.AWAITING_QR,
    "PASSKEY_REQUIRED": SessionState.AWAITING_QR,
    "WORKING": SessionState.READY,
    "FAILED": SessionState.DISCONNECTED,
}
_EVERY_ENGINE = frozenset(
    {
        Capability.CALLBACKS,
        Capability.CONNECT,
        Capability.DISCONNECT,
        Capability.LOGOUT,
        Capability.PAIRING_CODE,
        Capability.PRESENCE,
    }
)
_CHOSEN_ID_ENGINES = {"NOWEB", "GOWS"}
# A code lives 60 s once and 20 s afterwards, and it does not say which one this is.
_CODE_LIFE = dt.timedelta(seconds=20)
_TYPED_CODE_LIFE = dt.timedelta(minutes=2)
_CHECK_TIMEOUT = 5.0
_TYPED_CODE = re.compile(r"[A-Z0-9]{4}-?[A-Z0-9]{4}", re.ASCII)


class WahaGateway(VendorGateway):
    """One session; the tenant id is its name."""

    def headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.config.token} if self.config.token else {}

    def refusal(self, answer: Answer) -> GatewayError:
        """Only what is refused before WhatsApp is spoken to proves anything; its 500 wraps whatever went wrong, also
        after the message was passed on."""
        meaning = _before_whatsapp(answer)
        if meaning is not None:
            return meaning.error(answer=answer)
        return answers.in_doubt(answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER)).error(answer=answer)

    def trouble(self, answer: Answer) -> GatewayError:
        meaning = _before_whatsapp(answer) or answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER)
        return meaning.error(answer=answer)

    # --- Sending --------------------------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> SendResult:
        begun = time.monotonic()
        chat = self._chat(message.phone)
        body: dict[str, Any] = {"session": self.config.tenant_id, "chatId": chat, "text": message.text}
        if Capability.CHOSEN_ID in self.config.capabilities:
            body["id"] = message.client_message_id.hex.upper()
        answer, found = self.hand_over("/api/sendText", message, body, spent=time.monotonic() - begun)
        return self.accepted(answer, own_id(found.get("id") or _key_id(found)))

    def _chat(self, phone: str) -> str:
        """Where WhatsApp has this person, which in Brazil, Mexico and Argentina is not always their number.

        WAHA sends to nobody without a word. Raises GatewayError when it says that nobody is there; what it can't tell
        keeps nothing from going out.
        """
        digits = phone.removeprefix("+")
        asked = f"/api/contacts/check-exists?phone={quote(digits)}&session={self.line}"
        try:
            found = self.told(self.ask("GET", asked, timeout=min(_CHECK_TIMEOUT, self.config.call_timeout)))
        except GatewayError:
            return f"{digits}@c.us"
        if found.get("numberExists") is False:
            raise answers.NOT_ON_WHATSAPP.error()
        chat = found.get("chatId")
        return chat if isinstance(chat, str) and any(read_sender(chat)) else f"{digits}@c.us"

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        raise answers.NO_LOOKUP.error()

    def show_typing(self, phone: str, seconds: float) -> None:
        chat = f"{phone.removeprefix('+')}@c.us"
        answer = self.ask("POST", "/api/startTyping", json={"session": self.config.tenant_id, "chatId": chat})
        if not 200 <= answer.status < 300:
            raise self.trouble(answer)

    # --- The session ----------------------------------------------------------------------------------------------

    def health(self) -> Health:
        answer = self.ask("GET", "/api/version")
        found = self.told(answer)
        version, engine = found.get("version"), found.get("engine")
        if not isinstance(version, str) or not isinstance(engine, str):
            raise answers.WRONG_PATH.error(answer=answer)
        chosen = {Capability.CHOSEN_ID, Capability.ECHO} if engine in _CHOSEN_ID_ENGINES else set()
        return Health(version=version[:40], capabilities=_EVERY_ENGINE | chosen)

    def status(self) -> SessionStatus:
        answer = self.ask("GET", f"/api/sessions/{self.line}")
        found = self.told(answer)
        state = STATES.get(str(found.get("status")))
        if state is None or found.get("name") != self.config.tenant_id:
            raise misunderstood(answer)
        me = found.get("me")
        phone, _lid = read_sender(str(me.get("id"))) if isinstance(me, dict) else ("", "")
        return SessionStatus(state=state, can_send=state is SessionState.READY, phone=phone)

    def pairing_code(self) -> PairingCode | None:
        answer = self.ask("GET", f"/api/{self.line}/auth/qr?format=raw")
        if answer.status == 422:  # no code in this state
            return None
        value = self.told(answer).get("value")
        if not isinstance(value, str) or not 0 < len(value) <= 2000:
            raise misunderstood(answer)
        return PairingCode(qr=value, expires_at=dt.datetime.now(dt.UTC) + _CODE_LIFE)

    def typed_code(self, phone: str) -> TypedCode | None:
        body = {"phoneNumber": phone.removeprefix("+"), "method": None}
        answer = self.ask("POST", f"/api/{self.line}/auth/request-code", json=body)
        if answer.status == 422:
            return None
        code = self.told(answer).get("code")
        if not isinstance(code, str) or not _TYPED_CODE.fullmatch(code):
            raise misunderstood(answer)
        return TypedCode(code=code.replace("-", ""), expires_at=dt.datetime.now(dt.UTC) + _TYPED_CODE_LIFE)

    def connect(self) -> None:
        """Start the session; one that the server does not have yet is made."""
        answer = self.ask("POST", f"/api/sessions/{self.line}/start")
        if answer.status == 404:
            answer = self.ask("POST", "/api/sessions", json={"name": self.config.tenant_id, "start": True})
        self.told(answer)

    def disconnect(self) -> None:
        self.told(self.ask("POST", f"/api/sessions/{self.line}/stop"))

    def logout(self) -> None:
        self.told(self.ask("POST", f"/api/sessions/{self.line}/logout"))


def own_id(serialized: object) -> object:
    """`true_<chat>_<ID>` is the message `<ID>`: what stands before it changes between its answer and its callbacks."""
    if isinstance(serialized, dict):
        serialized = serialized.get("_serialized") or serialized.get("id")
    if isinstance(serialized, str) and serialized.startswith(("true_", "false_")):
        parts = serialized.split("_")
        return parts[2] if len(parts) >= 3 else None
    return serialized


def _key_id(found: dict[str, Any]) -> object:
    key = found.get("key")
    return key.get("id") if isinstance(key, dict) else None


def _before_whatsapp(answer: Answer) -> answers.Meaning | None:
    """What its own error says, where WAHA gives it before it speaks to WhatsApp."""
    body = answers.json_object(answer)
    if body is None:
        return None
    if answer.status == 422 and isinstance(body.get("expected"), list) and isinstance(body.get("status"), str):
        return answers.NOT_READY
    if body.get("statusCode") != answer.status or not isinstance(body.get("message"), str | list):
        return None
    if answer.status == 404:
        about_a_session = "session" in str(body["message"]).lower()
        return answers.UNKNOWN_SESSION if about_a_session else answers.WRONG_PATH
    return {
        400: answers.VALIDATION,
        401: answers.NOT_AUTHORISED,
        403: answers.NOT_AUTHORISED,
        429: answers.RATE_LIMITED,
    }.get(answer.status)
