"""Who may read the figures: nobody, until the settings name a token, addresses, or both."""

from __future__ import annotations

import enum
import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest


class Verdict(enum.Enum):
    ALLOWED = enum.auto()
    # Neither token nor addresses are set: there is no such page.
    CLOSED = enum.auto()
    WRONG_TOKEN = enum.auto()
    WRONG_ADDRESS = enum.auto()


def judge(request: HttpRequest, *, address: str | None) -> Verdict:
    """Each of METRICS_ALLOW and METRICS_TOKEN that is set has to be met."""
    if not settings.METRICS_TOKEN and not settings.METRICS_ALLOW:
        return Verdict.CLOSED
    if settings.METRICS_ALLOW and not _is_named(address):
        return Verdict.WRONG_ADDRESS
    if settings.METRICS_TOKEN and not _has_token(request):
        return Verdict.WRONG_TOKEN
    return Verdict.ALLOWED


def _is_named(address: str | None) -> bool:
    try:
        asking = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(asking, ipaddress.IPv6Address) and asking.ipv4_mapped:
        asking = asking.ipv4_mapped
    return any(asking in network for network in settings.METRICS_ALLOW)


def _has_token(request: HttpRequest) -> bool:
    scheme, _blank, given = request.headers.get("Authorization", "").partition(" ")
    # In constant time, and as bytes: a header may hold what is no ASCII.
    same = hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode())
    return scheme.lower() == "bearer" and same
