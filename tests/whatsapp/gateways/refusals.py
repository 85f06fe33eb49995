"""A gateway at an address, and how it refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.whatsapp.messages import a_message
from whatsapp.gateways.base import GatewayConfig, GatewayError, OutboundMessage, Outcome, Scope
from whatsapp.gateways.session_manager import SessionManagerGateway

REFUSED = (Outcome.REFUSED, Scope.MESSAGE)
NOT_SENT = (Outcome.NOT_SENT, Scope.MESSAGE)
HELD = (Outcome.NOT_SENT, Scope.SESSION)
UNKNOWN = (Outcome.UNKNOWN, Scope.MESSAGE)


def gateway_at(base_url: str, **changes: Any) -> SessionManagerGateway:
    config: dict[str, Any] = {"kind": "session_manager", "base_url": base_url, "tenant_id": "51", "send_timeout": 5.0}
    return SessionManagerGateway(GatewayConfig(**{**config, **changes}))


def refusal(gateway: SessionManagerGateway, message: OutboundMessage | None = None) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        gateway.send(message or a_message())
    return caught.value


def decision(error: GatewayError) -> tuple[Outcome, Scope, str, bool]:
    return error.outcome, error.scope, error.code, error.needs_person
