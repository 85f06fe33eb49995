"""Figures that many people look at, found once for all of them and kept for a few seconds.

Each process keeps its own: nothing is asked of another one, and a figure is never older than its seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.cache import caches

_LOCKS: Final = tuple(threading.Lock() for _ in range(64))


def shared(key: str, find: Callable[[], str], *, seconds: int) -> str:
    """The text under this key. While one thread finds it the others wait for it instead of finding it again."""
    kept = caches["figures"] if "figures" in settings.CACHES else None
    if kept is None:
        return find()
    found: str | None = kept.get(key)
    if found is not None:
        return found
    with _LOCKS[hash(key) % len(_LOCKS)]:
        found = kept.get(key)
        if found is None:
            found = find()
            kept.set(key, found, seconds)
    return found
