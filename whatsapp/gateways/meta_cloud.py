"""Meta's own API (Cloud API): the client of one phone number, which the official platform hosts.

The words are those of Meta's description of the API. It takes no id of ours, and gives it back in every status as
`biz_opaque_callback_data`, so that a doubt ends with the first callback.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from whatsapp.gateways import answers, meta_codes
from whatsapp.gateways.answers import Meaning
from whatsapp.gateways.asking import misunderstood
from whatsapp.gateways.base import (
    ApprovedTemplate,
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
from whatsapp.gateways.events import phone_of
from whatsapp.gateways.transport import Answer
from whatsapp.gateways.vendor import VendorGateway

VERSION = "v23.0"
CAPABILITIES = frozenset({Capability.CALLBACKS, Capability.ECHO, Capability.TEMPLATES, Capability.NO_OWN_CHAT})
_FIELDS = "id,display_phone_number,status,quality_rating,messaging_limit_tier"
# As Meta writes how many people a day a number may write to first.
_TIERS = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": 0,
}
_READY = {"", "CONNECTED", "FLAGGED"}
# Connected, and Meta lets it write to nobody first for a while.
_MUTE = {"RESTRICTED", "RATE_LIMITED"}

_NOTHING_TO_PAIR = Meaning(
    outcome=Outcome.NOT_SENT,
    scope=Scope.MESSAGE,
    code="NOTHING_TO_PAIR",
    detail=_(
        "Una línea de la API oficial no se vincula con un código: el número se registra y se da de baja en Meta Business."
    ),
)


class MetaCloudGateway(VendorGateway):
    """One phone number; the tenant id is its `phone_number_id`."""

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.token}"}

    def refusal(self, answer: Answer) -> GatewayError:
        return meta_codes.read_refusal(answer)

    def trouble(self, answer: Answer) -> GatewayError:
        return meta_codes.read_trouble(answer)

    # --- Sending --------------------------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> SendResult:
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.phone,
            **_content(message),
            "biz_opaque_callback_data": str(message.client_message_id),
        }
        answer, found = self.hand_over(f"/{VERSION}/{self.line}/messages", message, body)
        messages = found.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        return self.accepted(answer, first.get("id") if isinstance(first, dict) else None)

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        raise answers.NO_LOOKUP.error()

    def show_typing(self, phone: str, seconds: float) -> None:
        """It shows that only in answer to a message of theirs."""

    # --- The line -------------------------------------------------------------------------------------------------

    def health(self) -> Health:
        return Health(version=VERSION, capabilities=CAPABILITIES)

    def status(self) -> SessionStatus:
        answer = self.ask("GET", f"/{VERSION}/{self.line}?fields={_FIELDS}")
        found = self.told(answer)
        if found.get("id") != self.config.tenant_id:
            raise misunderstood(answer)
        word = found.get("status", "")
        if word == "BANNED":
            raise answers.BANNED.error(answer=answer)
        return SessionStatus(
            state=_state(word),
            can_send=word in _READY,
            phone=phone_of("".join(filter(str.isdigit, str(found.get("display_phone_number", ""))))),
            people_a_day=_TIERS.get(str(found.get("messaging_limit_tier"))),
        )

    def pairing_code(self) -> PairingCode | None:
        return None

    def typed_code(self, phone: str) -> TypedCode | None:
        return None

    def connect(self) -> None:
        raise _NOTHING_TO_PAIR.error()

    def disconnect(self) -> None:
        raise _NOTHING_TO_PAIR.error()

    def logout(self) -> None:
        raise _NOTHING_TO_PAIR.error()


def _state(word: object) -> SessionState:
    if word in _READY or word in _MUTE:
        return SessionState.READY
    return SessionState.CONNECTING if word == "PENDING" else SessionState.DISCONNECTED


def _content(message: OutboundMessage) -> dict[str, Any]:
    if message.template is not None:
        return {"type": "template", "template": _template(message.template)}
    return {"type": "text", "text": {"body": message.text, "preview_url": False}}


def _template(template: ApprovedTemplate) -> dict[str, Any]:
    named: dict[str, Any] = {"name": template.name, "language": {"policy": "deterministic", "code": template.language}}
    if template.parameters:
        texts = [{"type": "text", "text": text} for text in template.parameters]
        named["components"] = [{"type": "body", "parameters": texts}]
    return named
