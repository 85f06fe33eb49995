"""Which class speaks for which kind of gateway."""

from __future__ import annotations

from whatsapp.gateways.base import Gateway, GatewayConfig
from whatsapp.gateways.session_manager import SessionManagerGateway

SESSION_MANAGER = "session_manager"


def open_gateway(config: GatewayConfig) -> Gateway:
    """The gateway for this configuration. Raises ValueError for a kind that nobody wrote."""
    if config.kind == SESSION_MANAGER:
        return SessionManagerGateway(config)
    raise ValueError(f"unknown gateway {config.kind!r}")
