"""Words, numbers, keys and zones."""

from __future__ import annotations

import datetime as dt
import os
import re
import zoneinfo
from collections.abc import Sequence
from typing import Final

import phonenumbers
from django.core.exceptions import ImproperlyConfigured

_TRUE: Final = {"1", "true", "yes", "on"}
_FALSE: Final = {"0", "false", "no", "off"}
# A value may be written over several lines where a program writes it.
_LINES: Final = str.maketrans("\r\n\t", "   ")


def text(name: str, default: str | None = None) -> str:
    """The variable's value, stripped; without a default an unset one is an error."""
    value = os.environ.get(name, "").strip()
    if not value:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. Write {name}=… in the environment or in the .env file.")
        return default
    # What came in a copy from a page, or in another encoding than UTF-8, is seen by nobody who looks at it.
    odd = next((place for place, sign in enumerate(value.translate(_LINES), 1) if not sign.isprintable()), 0)
    if odd:
        raise ImproperlyConfigured(
            f"{name} holds a character that cannot be seen (the {odd}. one). Write it anew by hand, as UTF-8."
        )
    return value


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


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list without empty items."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def hours(name: str) -> tuple[dt.time, dt.time] | None:
    """From one hour of the day to another, perhaps over midnight; None when it is not set."""
    value = text(name, "")
    if not value:
        return None
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)", value)
    hour, minute, until_hour, until_minute = (int(part) for part in found.groups()) if found else (0, 0, 0, 0)
    begins, ends = dt.time(hour, minute), dt.time(until_hour, until_minute)
    if begins == ends:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write two hours of a day, such as 22:00-07:30.")
    return begins, ends


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which is no time zone. Write one such as America/Argentina/Cordoba."
        ) from None
    return value


def region(name: str, default: str) -> str:
    """A country by its two letters, whose phones we can read."""
    value = text(name, default).upper()
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which is no country. Write its two letters, such as MX, AR or BR."
        )
    return value


def hex_key(name: str, default: str | None = None) -> str:
    """A 32-byte key written as 64 hex digits."""
    value = text(name, default)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ImproperlyConfigured(
            f"{name} must be exactly 64 hex digits (32 bytes), and it has {len(value)} characters. "
            "Write one that you make with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return value


def hex_keys(name: str, *, most: int) -> list[str]:
    """So many keys of 64 hex digits, by commas, as `hex_key` reads one."""
    found = words(name)
    if len(found) > most or not all(re.fullmatch(r"[0-9a-fA-F]{64}", item) for item in found):
        raise ImproperlyConfigured(
            f"{name} must be up to {most} keys of exactly 64 hex digits with commas between, and it has {len(found)} "
            f"({', '.join(str(len(item)) for item in found)} characters). Write those that FIELD_ENCRYPTION_KEY was before."
        )
    return found


def token(name: str, default: str, *, shortest: int = 0) -> str:
    """What goes after `Authorization: Bearer`: signs that a header can carry, and no blank among them.

    `shortest` is for tokens that we give out: one that can be guessed is none.
    """
    value = text(name, default)
    if not re.fullmatch(r"[!-~]*", value):
        raise ImproperlyConfigured(
            f"{name} holds blanks or letters that no header carries. Write the token alone, without “Bearer” before it."
        )
    if value and len(value) < shortest:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters, which somebody could guess. Write at least {shortest}: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value
