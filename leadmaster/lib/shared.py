"""What is looked at again and again, found once and kept for a few seconds.

Each process keeps its own: nothing is asked of another one, and nothing is older than its seconds. What is kept for one
person is found anew as soon as they did something themselves, so that nobody reads what they just changed as it was.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

_LOCKS: Final = tuple(threading.Lock() for _ in range(64))
_STORE: Final = "figures"
# Longer than anything is kept.
_REMEMBERED: Final = 60


def shared(key: str, find: Callable[[], str], *, seconds: int) -> str:
    """The text under this key. While one thread finds it the others wait for it instead of finding it again."""
    if _STORE not in settings.CACHES:
        return find()
    kept = caches[_STORE]
    found: str | None = kept.get(key)
    if found is not None:
        return found
    with _LOCKS[hash(key) % len(_LOCKS)]:
        found = kept.get(key)
        if found is None:
            found = find()
            kept.set(key, found, seconds)
    return found


def own(request: HttpRequest, name: str, find: Callable[[], str], *, seconds: int) -> str:
    """The same for whoever asks alone, in their language and by their clock."""
    if _STORE not in settings.CACHES:
        return find()
    pk = request.user.pk
    known: dict[str, Any] = request.__dict__.setdefault("last_act", {})
    if not known:
        known["of"] = cache.get(_act_of(pk), "")
    key = f"{name}:{pk}:{get_language()}:{timezone.get_current_timezone_name()}:{known['of']}"
    return shared(key, find, seconds=seconds)


def acted(pk: object) -> None:
    """This person changed something: what was kept for them is not looked at any more, by any process of the machine."""
    if _STORE in settings.CACHES:
        cache.set(_act_of(pk), uuid.uuid4().hex, _REMEMBERED)


def _act_of(pk: object) -> str:
    return f"acted-{pk}"
