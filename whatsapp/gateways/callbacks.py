"""Which vendor's callbacks are authenticated and read by what."""

from __future__ import annotations

import dataclasses
import hmac
import re
from collections.abc import Callable, Mapping, Sequence

from whatsapp.gateways import (
    evolution_callbacks,
    meta_callbacks,
    registry,
    session_manager_callbacks,
    waha_callbacks,
)
from whatsapp.gateways.events import BadEvent, Event

_CHALLENGE = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one vendor calls back. `authenticate` raises NotAuthenticError, `read` MalformedError."""

    authenticate: Callable[[bytes, Mapping[str, str], str], None]
    read: Callable[[bytes], list[Event | BadEvent]]
    # Before it calls, it asks with a GET whether the address is ours.
    asks_first: bool = False
    # One address hears of every line that shares its secret; elsewhere an event about another line is a mistake.
    hears_of_all: bool = False


_DIALECTS: dict[str, Dialect] = {
    registry.SESSION_MANAGER: Dialect(
        authenticate=session_manager_callbacks.authenticate, read=session_manager_callbacks.read
    ),
    registry.META_CLOUD: Dialect(
        authenticate=meta_callbacks.authenticate, read=meta_callbacks.read, asks_first=True, hears_of_all=True
    ),
    registry.WAHA: Dialect(authenticate=waha_callbacks.authenticate, read=waha_callbacks.read),
    registry.EVOLUTION: Dialect(authenticate=evolution_callbacks.authenticate, read=evolution_callbacks.read),
}


def parse_callback(kind: str, raw_body: bytes, headers: Mapping[str, str], secret: str) -> list[Event | BadEvent]:
    """The events of one callback of this kind of gateway. Raises NotAuthenticError before looking at the body, and
    MalformedError. Header names in any case are the caller's mapping's business."""
    dialect = _DIALECTS[kind]
    dialect.authenticate(raw_body, headers, secret)
    return dialect.read(raw_body)


def asks_first(kind: str) -> bool:
    return kind in _DIALECTS and _DIALECTS[kind].asks_first


def hears_of_all(kind: str) -> bool:
    return _DIALECTS[kind].hears_of_all


def challenge(query: Mapping[str, str], words: Sequence[str]) -> str | None:
    """What a vendor that asks whether this address is ours wants to read back: only whoever knows one of the agreed
    `words` gets it. None for everybody else."""
    wanted = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(wanted):
        return None
    told = query.get("hub.verify_token", "").encode("utf-8", "replace")
    known = [word for word in words if word and hmac.compare_digest(word.encode(), told)]
    return wanted if known else None
