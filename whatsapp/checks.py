"""Start-up checks of the gateway's address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from whatsapp import addresses
from whatsapp.diagnosis import Level, Line, diagnose
from whatsapp.gateways.base import GatewayConfig

_ROUTES = ("health", "status", "qr", "qr-code", "send", "sessions")


def gateway_address_is_a_base(**_kwargs: Any) -> Sequence[CheckMessage]:
    """A route in place of the base: every call would end in a 404."""
    parts = [part for part in urlsplit(settings.SESSION_MANAGER_BASE_URL).path.split("/") if part]
    if not any(part in _ROUTES for part in parts):
        return []
    return [
        checks.Error(
            f"SESSION_MANAGER_BASE_URL is {settings.SESSION_MANAGER_BASE_URL}, which names a route.",
            hint="Write only the address that the routes hang from, such as http://localhost:3011.",
            id="whatsapp.E001",
        )
    ]


def gateway_address_is_readable(**_kwargs: Any) -> Sequence[CheckMessage]:
    """One that we can't write in one way only, or that no token of ours may go to."""
    try:
        addresses.refuse_unreachable(addresses.canonical(settings.SESSION_MANAGER_BASE_URL))
    except addresses.AddressRefused as refused:
        return [
            checks.Error(
                f"SESSION_MANAGER_BASE_URL is no address of a gateway. {' '.join(refused.messages)}",
                hint="Write scheme, host and port, such as http://localhost:3011; the token goes into SESSION_MANAGER_TOKEN.",
                id="whatsapp.E002",
            )
        ]
    return []


def gateway_answers(**_kwargs: Any) -> Sequence[CheckMessage]:
    """Asked with `check --deploy`, because it crosses the network."""
    config = GatewayConfig(
        kind="session_manager",
        base_url=settings.SESSION_MANAGER_BASE_URL,
        tenant_id="",
        token=settings.SESSION_MANAGER_TOKEN,
    )
    return [
        (checks.Error if finding.level is Level.ERROR else checks.Warning)(
            finding.text, hint=finding.cure, id=f"whatsapp.{finding.code}"
        )
        for finding in diagnose(Line(config=config)).findings
        if finding.level is not Level.OK
    ]


def register_checks() -> None:
    checks.register(gateway_address_is_a_base)
    checks.register(gateway_address_is_readable)
    checks.register(gateway_answers, deploy=True)
