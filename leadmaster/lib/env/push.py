"""The key that tells push services who we are."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib.env.values import text

_BYTES = 32


def vapid_key(name: str) -> str:
    """A private key of P-256 as 32 bytes in base64url; empty when it is not set."""
    value = text(name, "")
    if not value:
        return ""
    try:
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        if len(raw) != _BYTES:
            raise ValueError(len(raw))
        ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(
            f"{name} is no key: it must be 32 bytes in base64url, 43 characters. Write one that you make with: "
            "python3 -c 'import base64, secrets; "
            'print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))\''
        ) from None
    return value
