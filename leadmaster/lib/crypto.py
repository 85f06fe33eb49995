"""Secrets at rest: AES-256-GCM under one 32-byte key.

Format of a sealed value: ``v1:`` + urlsafe base64 of nonce (12 bytes) + ciphertext with its tag (16 bytes).
The context is authenticated with it, so a value copied into another column does not open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1:"
_NONCE_BYTES = 12


class SecretError(ValueError):
    """A sealed value that this key does not open: another key, another context, or a damaged text."""


def seal(plain: str, *, key_hex: str, context: str) -> str:
    """Encrypt; the empty text stays empty. `key_hex` is 64 hex digits, `context` names the place it is kept in."""
    if not plain:
        return ""
    nonce = os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(bytes.fromhex(key_hex)).encrypt(nonce, plain.encode(), context.encode())
    return _VERSION + base64.urlsafe_b64encode(nonce + ciphertext).decode()


def unseal(sealed: str, *, key_hex: str, context: str, old_keys: Sequence[str] = ()) -> str:
    """Decrypt what `seal` made, also what it made with one of the keys of before. Raises SecretError."""
    if not sealed:
        return ""
    if not sealed.startswith(_VERSION):
        raise SecretError("not a sealed value of this version")
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION).encode())
        return _opened(raw, (key_hex, *old_keys), context)
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise SecretError(
            "the stored secret does not open with this FIELD_ENCRYPTION_KEY; restore the key it was written with, "
            "name it in FIELD_ENCRYPTION_OLD_KEYS, or enter the secret again"
        ) from error


def _opened(raw: bytes, keys: Sequence[str], context: str) -> str:
    """With the first of the keys that fits. Raises InvalidTag when none does."""
    for key in keys[:-1]:
        with contextlib.suppress(InvalidTag):
            return _opened(raw, (key,), context)
    cipher = AESGCM(bytes.fromhex(keys[-1]))
    return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()


def keyed_hash(text: str, *, key_hex: str, context: str) -> str:
    """128 bits in hex that tell whether two texts are the same, and nothing about them to who has not the key."""
    return hmac.new(bytes.fromhex(key_hex), f"{context}\0{text}".encode(), hashlib.sha256).hexdigest()[:32]
