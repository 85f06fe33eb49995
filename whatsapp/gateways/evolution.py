"""Evolution API v2: the client of one instance on somebody's own server.

It answers before WhatsApp does, takes no id of ours and gives none back: a doubt about a message is a person's to settle.
Its 400 tells little, because whatever goes wrong while it sends becomes one; only a number that is not on WhatsApp is
refused before anything left.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from whatsapp.gateways import answers
from whatsapp.gateways.answers import Meaning
from whatsapp.gateways.asking import misunderstood
from whatsapp.gateways.base import (
    Capability,
    GatewayError,
    Health,
    OutboundMessage,
    Outcome,
    PairingCode,
    Scope,
    SendResult,
    SessionState,
    SessionStatus,
    TypedCode,
)
from whatsapp.gateways.transport import Answer
from whatsapp.gateways.vendor import VendorGateway

CAPABILITIES = frozenset({Capability.CALLBACKS, Capability.CONNECT, Capability.LOGOUT, Capability.PAIRING_CODE})
STATES = {
    "open": SessionState.READY,
    "connecting": SessionState.CONNECTING,
    "close": SessionState.DISCONNECTED,
    "refused": SessionState.DISCONNECTED,
}
# It does not say how long a code lives: as long as WhatsApp's second one does, so that it is asked for again in time.
_CODE_LIFE = dt.timedelta(seconds=20)
_TYPED_CODE_LIFE = dt.timedelta(minutes=2)
_TYPED_CODE = re.compile(r"[A-Z0-9]{8}", re.ASCII)

_NO_DISCONNECT = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="NO_DISCONNECT",
    detail=_("Evolution no cierra una sesión sin desvincular el teléfono: para eso, desvincúlala."),
)


class EvolutionGateway(VendorGateway):
    """One instance; the tenant id is its name."""

    def headers(self) -> dict[str, str]:
        return {"apikey": self.config.token}

    def refusal(self, answer: Answer) -> GatewayError:
        if _is_on_nobodys_phone(answer):
            return answers.NOT_ON_WHATSAPP.error(answer=answer)
        meaning = _at_the_door(answer)
        if meaning is not None:
            return meaning.error(answer=answer)
        return answers.in_doubt(answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER)).error(answer=answer)

    def trouble(self, answer: Answer) -> GatewayError:
        meaning = _at_the_door(answer) or answers.BY_STATUS_ALONE.get(answer.status, answers.BAD_ANSWER)
        return meaning.error(answer=answer)

    # --- Sending --------------------------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> SendResult:
        # A delay would be slept inside the call.
        body = {"number": message.phone.removeprefix("+"), "text": message.text, "delay": 0}
        answer, found = self.hand_over(f"/message/sendText/{self.line}", message, body)
        key = found.get("key")
        return self.accepted(answer, key.get("id") if isinstance(key, dict) else None)

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        raise answers.NO_LOOKUP.error()

    def show_typing(self, phone: str, seconds: float) -> None:
        """It would keep the call open for as long as the indicator shows."""

    # --- The instance ---------------------------------------------------------------------------------------------

    def health(self) -> Health:
        answer = self.ask("GET", "/")
        version = self.told(answer).get("version")
        if not isinstance(version, str):
            raise answers.WRONG_PATH.error(answer=answer)
        return Health(version=version[:40], capabilities=CAPABILITIES)

    def status(self) -> SessionStatus:
        answer = self.ask("GET", f"/instance/connectionState/{self.line}")
        instance = self.told(answer).get("instance")
        if (
            not isinstance(instance, dict)
            or instance.get("instanceName", self.config.tenant_id) != self.config.tenant_id
        ):
            raise misunderstood(answer)
        state = STATES.get(str(instance.get("state")))
        if state is None:
            raise misunderstood(answer)
        return SessionStatus(state=state, can_send=state is SessionState.READY)

    def pairing_code(self) -> PairingCode | None:
        answer = self.ask("GET", f"/instance/connect/{self.line}")
        code = self.told(answer).get("code")
        if code is None:  # connected already, or not there yet: {"count": 0}
            return None
        if not isinstance(code, str) or not 0 < len(code) <= 2000:
            raise misunderstood(answer)
        return PairingCode(qr=code, expires_at=dt.datetime.now(dt.UTC) + _CODE_LIFE)

    def typed_code(self, phone: str) -> TypedCode | None:
        answer = self.ask("GET", f"/instance/connect/{self.line}?number={quote(phone.removeprefix('+'))}")
        code = self.told(answer).get("pairingCode")
        if code is None:
            return None
        if not isinstance(code, str) or not _TYPED_CODE.fullmatch(code):
            raise misunderstood(answer)
        return TypedCode(code=code, expires_at=dt.datetime.now(dt.UTC) + _TYPED_CODE_LIFE)

    def connect(self) -> None:
        """Begin pairing; an instance that hangs while it connects is started anew."""
        if self.status().state is SessionState.CONNECTING:
            self._restart()
        self.told(self.ask("GET", f"/instance/connect/{self.line}"))

    def _restart(self) -> None:
        """The router takes a POST, the documentation writes a PUT."""
        answer = self.ask("POST", f"/instance/restart/{self.line}")
        if answer.status in {404, 405}:
            answer = self.ask("PUT", f"/instance/restart/{self.line}")
        self.told(answer)

    def disconnect(self) -> None:
        raise _NO_DISCONNECT.error()

    def logout(self) -> None:
        self.told(self.ask("DELETE", f"/instance/logout/{self.line}"))


def _error_of(answer: Answer) -> Any:
    """What its own error says, or None for an answer in another shape."""
    body = answers.json_object(answer)
    if body is None or body.get("status") != answer.status or not isinstance(body.get("error"), str):
        return None
    response = body.get("response")
    return response.get("message") if isinstance(response, dict) else None


def _is_on_nobodys_phone(answer: Answer) -> bool:
    said = _error_of(answer) if answer.status == 400 else None
    found = said if isinstance(said, list) else []
    return any(isinstance(each, dict) and each.get("exists") is False for each in found)


def _at_the_door(answer: Answer) -> Meaning | None:
    """What is refused before the instance is looked for, or because there is none."""
    if _error_of(answer) is None:
        return None
    return {
        401: answers.NOT_AUTHORISED,
        403: answers.NOT_AUTHORISED,
        404: answers.UNKNOWN_SESSION,
        429: answers.RATE_LIMITED,
    }.get(answer.status)
