"""The engine's gateway on the same transport as the peers': what is left to measure is the engine."""

from __future__ import annotations

import uuid

from tests.bench.outbox.transport import deliver
from whatsapp.gateways.base import (
    GatewayConfig,
    Health,
    OutboundMessage,
    PairingCode,
    SendResult,
    SessionState,
    SessionStatus,
    TypedCode,
)


class InProcessGateway:
    def __init__(self, config: GatewayConfig) -> None:
        self.config = config

    def health(self) -> Health:
        return Health(version="1", capabilities=frozenset())

    def status(self) -> SessionStatus:
        return SessionStatus(state=SessionState.READY, can_send=True)

    def pairing_code(self) -> PairingCode | None:
        return None

    def connect(self) -> None:
        return

    def disconnect(self) -> None:
        return

    def typed_code(self, phone: str) -> TypedCode | None:
        return None

    def logout(self) -> None:
        return

    def show_typing(self, phone: str, seconds: float) -> None:
        return

    def send(self, message: OutboundMessage) -> SendResult:
        return SendResult(message_id=deliver(message.client_message_id), http_status=200, host="in-process")

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        return None
