"""Environment readers that stop the program with a sentence that says what to write."""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str:
    """The variable's value, stripped; without a default an unset one is an error."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. Write {name}=… in the environment or in the .env file.")
    return default


def boolean(name: str, default: bool) -> bool:  # noqa: FBT001 - reads like the others
    value = text(name, str(default)).lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. Write true or false.")


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write a whole number from {minimum} to {maximum}.") from None
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name} is {number}. Write a whole number from {minimum} to {maximum}.")
    return number


def choice(name: str, default: str, *, among: Sequence[str]) -> str:
    """One of these words, in whatever case."""
    value = text(name, default).upper()
    if value not in among:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write one of {', '.join(among)}.")
    return value


def http_url(name: str, default: str) -> str:
    """An http(s) address without a trailing slash; empty only when the default is empty."""
    value = text(name, default)
    if not value:
        return ""
    parts = urlsplit(value)
    try:
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid:
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Write an address with scheme, host and port, such as http://localhost:3011."
        )
    return value.rstrip("/")


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which is no time zone. Write one such as America/Argentina/Cordoba."
        ) from None
    return value


def hex_key(name: str, default: str | None = None) -> str:
    """A 32-byte key written as 64 hex digits."""
    value = text(name, default)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ImproperlyConfigured(
            f"{name} must be exactly 64 hex digits (32 bytes), and it has {len(value)} characters. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty items."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]
