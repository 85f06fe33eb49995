"""The client of the session manager: the only code that speaks that contract.

The contract is docs/session-manager.openapi.yaml. An older manager that knows only /health, /status, /qr and /send
works too: what is optional is asked for by capability.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from whatsapp.gateways import answers
from whatsapp.gateways.answers import Meaning
from whatsapp.gateways.base import (
    MAX_MESSAGE_ID_LENGTH,
    Capability,
    GatewayConfig,
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
from whatsapp.gateways.transport import Answer, TransportError, exchange

SERVICE = "session-manager"
# Seconds to a connection; a gateway that needs longer is not there.
CONNECT_TIMEOUT = 5.0
# Seconds; the contract takes no longer indicator.
MAX_TYPING = 60.0

# The letters and digits of WhatsApp's codes: none that is taken for another.
_TYPED_CODE = re.compile(r"[1-9A-HJ-NP-TV-Z]{8}", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
# Printable and short: it becomes a key of our tables.
_MESSAGE_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_MESSAGE_ID_LENGTH}}}")


class SessionManagerGateway:
    """One tenant's session. Holds nothing but its configuration, so any number of threads may share it."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self.base_url = config.base_url.rstrip("/")
        self.host = urlsplit(config.base_url).netloc.rpartition("@")[2]

    # --- Sending ------------------------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> SendResult:
        if not _PHONE.fullmatch(message.phone):
            raise answers.VALIDATION.error()
        body = {
            "cliente_id": self.config.tenant_id,
            "to": _chat_id(message.phone),
            "message": message.text,
            "client_message_id": str(message.client_message_id),
        }
        try:
            answer = self._exchange("POST", "/send", json=body, timeout=self.config.send_timeout)
        except TransportError as error:
            raise answers.read_no_answer(error) from error
        if not 200 <= answer.status < 300:
            raise answers.read_refusal(answer)
        return self._accepted(answer)

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        """What the gateway knows of our id. None means: indexed here, and never seen.

        Raises GatewayError with outcome REFUSED when the gateway knows that the message failed, and with UNKNOWN in
        every other case: not having been able to ask proves nothing about the message.
        """
        try:
            answer = self._ask("GET", f"/messages/{client_message_id}")
            body = answers.error_body(answer)
            if answer.status == 404 and body is not None and body["code"] == "UNKNOWN_MESSAGE":
                return None
            found = self._object(answer)
        except GatewayError as error:
            raise _changed(error, outcome=Outcome.UNKNOWN) from error
        if found.get("client_message_id") != str(client_message_id):
            raise answers.BAD_ANSWER.error(answer=answer)
        if found.get("status") == "pending":
            raise _PENDING.error(answer=answer)
        if found.get("status") == "unknown":
            raise _NOBODY_KNOWS.error(answer=answer)
        if found.get("status") == "failed":
            raise _FAILED.error(answer=answer)
        return self._accepted(answer)

    def show_typing(self, phone: str, seconds: float) -> None:
        seconds = min(max(seconds, 0.0), MAX_TYPING)
        body = {"cliente_id": self.config.tenant_id, "to": _chat_id(phone), "seconds": seconds}
        self._object(self._ask("POST", "/presence", json=body))

    # --- The session --------------------------------------------------------------------------------------------

    def health(self) -> Health:
        answer = self._ask("GET", "/health", tenant=False)
        body = self._object(answer)
        if body.get("ok") is not True or body.get("service", SERVICE) != SERVICE:
            raise answers.WRONG_PATH.error(answer=answer)
        version, announced = body.get("version", ""), body.get("capabilities", [])
        if not isinstance(version, str) or not isinstance(announced, list):
            raise _misunderstood(answer)
        known = {capability.value for capability in Capability}
        return Health(
            version=version[:40],
            capabilities=frozenset(Capability(name) for name in announced if isinstance(name, str) and name in known),
        )

    def status(self) -> SessionStatus:
        answer = self._ask("GET", "/status")
        body = self._object(answer)
        # A manager that mixes its tenants up must not send for the wrong one.
        if str(body.get("cliente_id")) != self.config.tenant_id:
            raise _misunderstood(answer)
        try:
            state = SessionState(str(body.get("state")))
        except ValueError:
            raise _misunderstood(answer) from None
        phone = body.get("phone")
        return SessionStatus(
            state=state,
            can_send=body.get("can_send_messages") is True,
            phone=phone if isinstance(phone, str) and _PHONE.fullmatch(phone) else "",
        )

    def pairing_code(self) -> PairingCode | None:
        answer = self._ask("GET", "/qr-code")
        body = answers.error_body(answer)
        if body is not None and body["code"] == "QR_NOT_AVAILABLE":
            return None
        found = self._object(answer)
        qr, expires_at = found.get("qr"), _moment(found.get("expires_at"))
        if qr is None:
            return None
        if not isinstance(qr, str) or not 0 < len(qr) <= 2000 or expires_at is None:
            raise _misunderstood(answer)
        return PairingCode(qr=qr, expires_at=expires_at)

    def typed_code(self, phone: str) -> TypedCode | None:
        if not _PHONE.fullmatch(phone):
            raise _changed(answers.VALIDATION.error(), outcome=Outcome.NOT_SENT)
        answer = self._ask("POST", "/pairing-code", json={"cliente_id": self.config.tenant_id, "phone": phone})
        body = answers.error_body(answer)
        if body is not None and body["code"] == "QR_NOT_AVAILABLE":
            return None
        found = self._object(answer)
        code, expires_at = found.get("code"), _moment(found.get("expires_at"))
        if not isinstance(code, str) or not _TYPED_CODE.fullmatch(code) or expires_at is None:
            raise _misunderstood(answer)
        return TypedCode(code=code, expires_at=expires_at)

    def connect(self) -> None:
        self._object(self._ask("POST", "/connect", json={"cliente_id": self.config.tenant_id}))

    def disconnect(self) -> None:
        self._object(self._ask("POST", "/disconnect", json={"cliente_id": self.config.tenant_id}))

    def logout(self) -> None:
        self._object(self._ask("POST", "/logout", json={"cliente_id": self.config.tenant_id}))

    # --- Wire ---------------------------------------------------------------------------------------------------

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        timeout: float,
        json: Mapping[str, Any] | None = None,
        tenant: bool = True,
    ) -> Answer:
        headers = {}
        if tenant:
            headers["X-Cliente-Id"] = self.config.tenant_id
        if self.config.token:
            headers["Authorization"] = f"Bearer {self.config.token}"
        return exchange(
            method,
            self.base_url + path,
            headers=headers,
            json=json,
            timeout=timeout,
            connect_timeout=CONNECT_TIMEOUT,
        )

    def _ask(self, method: str, path: str, *, json: Mapping[str, Any] | None = None, tenant: bool = True) -> Answer:
        """A call that sends no message: whatever goes wrong with it, nothing was sent."""
        try:
            return self._exchange(method, path, json=json, tenant=tenant, timeout=self.config.call_timeout)
        except TransportError as error:
            raise _changed(answers.read_no_answer(error), outcome=Outcome.NOT_SENT) from error

    def _object(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of a 2xx answer; anything else is an error of a call that sends no message."""
        if not 200 <= answer.status < 300:
            raise _changed(answers.read_trouble(answer), outcome=Outcome.NOT_SENT)
        body = answers.json_object(answer)
        if body is None or body.get("error") is True:
            raise _misunderstood(answer)
        return body

    def _accepted(self, answer: Answer) -> SendResult:
        """The result of a 2xx that speaks of a message; without its id nobody knows."""
        body = answers.json_object(answer)
        if body is None or body.get("error") is True or body.get("ok", True) is not True:
            raise answers.BAD_ANSWER.error(answer=answer)
        message_id = body.get("message_id")
        if not message_id:
            raise answers.NO_MESSAGE_ID.error(answer=answer)
        if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
            raise answers.BAD_ANSWER.error(answer=answer)
        return SendResult(message_id=message_id, http_status=answer.status, host=self.host)


_PENDING = Meaning(
    outcome=Outcome.UNKNOWN,
    scope=Scope.MESSAGE,
    code="PENDING",
    detail=_("El gateway todavía está enviando este mensaje."),
)
_NOBODY_KNOWS = Meaning(
    outcome=Outcome.UNKNOWN,
    scope=Scope.MESSAGE,
    code="OUTCOME_UNKNOWN",
    detail=_("Tampoco el gateway sabe si este mensaje salió."),
)
_FAILED = Meaning(
    outcome=Outcome.REFUSED,
    scope=Scope.MESSAGE,
    code="WHATSAPP_ERROR",
    detail=_("El gateway informa que WhatsApp no aceptó este mensaje."),
)

# Sentences that speak of a message, said again for calls that send none.
_ASKING = {
    "TIMEOUT": _("El gateway no contestó a tiempo."),
    "CONNECTION_LOST": _("El gateway cortó la conexión sin contestar."),
    "GATEWAY_ERROR": _("El gateway falló por dentro."),
    "WHATSAPP_ERROR": _("El gateway falló por dentro."),
    "BAD_ANSWER": _("La respuesta del gateway no se entiende: ¿es otra versión, u otro programa?"),
}


def _changed(error: GatewayError, *, outcome: Outcome) -> GatewayError:
    """The same error of a call that sends no message: it concerns the session, with the outcome of that call."""
    return GatewayError(
        str(_ASKING.get(error.code, error.detail)),
        outcome=outcome,
        scope=Scope.SESSION,
        code=error.code,
        retry_after=error.retry_after,
        http_status=error.http_status,
        needs_person=error.needs_person,
    )


def _misunderstood(answer: Answer) -> GatewayError:
    return _changed(answers.BAD_ANSWER.error(answer=answer), outcome=Outcome.NOT_SENT)


def _chat_id(phone: str) -> str:
    return f"{phone.removeprefix('+')}@c.us"


def _moment(value: object) -> dt.datetime | None:
    """An aware moment in UTC from RFC 3339 text, or None."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
        return moment.astimezone(dt.UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
