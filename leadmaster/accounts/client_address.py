"""Whose address counts: the proxy's word behind one, else the socket's. Never what the client claims."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of whoever asks. Behind a proxy it is the last one that was added to X-Forwarded-For."""
    told = request.META.get("REMOTE_ADDR") or None
    if not settings.BEHIND_TLS:
        return told
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(forwarded))
    except ValueError:
        return told
