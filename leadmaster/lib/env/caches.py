"""Where what is counted for a minute or an hour is kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from leadmaster.lib.env.values import text

_BACKENDS: Final = "django.core.cache.backends"
_REDIS: Final = ("redis://", "rediss://")
# What keeps one name with one counter each, of whoever asks too often.
_MOST: Final = 20_000


def cache(name: str, folder: Path, *, table: str) -> dict[str, Any]:
    """Django's dictionary for a cache: files in `folder`, the database's `table`, or a Redis."""
    value = text(name, "")
    if not value:
        return _kept("filebased.FileBasedCache", folder)
    if value == "database":
        return _kept("db.DatabaseCache", table)
    if not value.startswith(_REDIS) or " " in value or not value.split("://", 1)[1]:
        # Never the value itself: an address may hold a password.
        raise ImproperlyConfigured(
            f"{name} is not understood. Write database, or redis://host:6379/0, or leave it empty on one machine."
        )
    if not importlib.util.find_spec("redis"):
        raise ImproperlyConfigured(
            f"{name} names a Redis, and nothing here can talk to one. Install requirements/redis.txt, or write database."
        )
    return {"BACKEND": f"{_BACKENDS}.redis.RedisCache", "LOCATION": value}


def _kept(backend: str, location: Path | str) -> dict[str, Any]:
    return {"BACKEND": f"{_BACKENDS}.{backend}", "LOCATION": location, "OPTIONS": {"MAX_ENTRIES": _MOST}}
