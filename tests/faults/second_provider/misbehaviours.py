"""Every way to answer a send badly. Each says whether the message had left by then, and writes its bytes by itself."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

# Longer than the sender waits in these tests, shorter than anybody's patience.
TOO_LATE = 7.0

Wire = Callable[[socket.socket, str], None]


@dataclasses.dataclass(frozen=True)
class Misbehaviour:
    """`delivered`: the message left before this answer. `code`: a refusal in the contract's own shape, so it did not."""

    name: str
    delivered: bool
    answer: Wire
    # A person has to lift what the line does after it.
    stops_the_line: bool = False


def http(status: int, body: bytes = b"", *, head: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} X\r\nContent-Length: {size}\r\nConnection: close\r\n{head}\r\n".encode() + body


def as_json(status: int, value: Any, *, head: str = "") -> bytes:
    return http(status, json.dumps(value).encode(), head=f"Content-Type: application/json\r\n{head}")


def refusal(status: int, code: str, *, head: str = "", **more: Any) -> bytes:
    return as_json(status, {"error": True, "code": code, "message": "no", **more}, head=head)


def _says(content: bytes) -> Wire:
    return lambda wire, _id: wire.sendall(content)


def _with_id(make: Callable[[str], bytes]) -> Wire:
    return lambda wire, message_id: wire.sendall(make(message_id))


def _resets(wire: socket.socket, _id: str) -> None:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def _hangs_up(_wire: socket.socket, _id: str) -> None:
    return None


def _too_late(wire: socket.socket, message_id: str) -> None:
    time.sleep(TOO_LATE)
    with contextlib.suppress(OSError):
        wire.sendall(as_json(200, {"ok": True, "message_id": message_id}))


def _drips(wire: socket.socket, message_id: str) -> None:
    """A byte at a time, each within any per-read patience, and all of it beyond the deadline."""
    with contextlib.suppress(OSError):
        for byte in as_json(200, {"ok": True, "message_id": message_id}):
            wire.sendall(bytes([byte]))
            time.sleep(TOO_LATE / 90)


def _endless_headers(wire: socket.socket, _id: str) -> None:
    with contextlib.suppress(OSError):
        wire.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(4000):
            wire.sendall(f"X-Filler-{number}: {'x' * 200}\r\n".encode())


def _huge_body(wire: socket.socket, message_id: str) -> None:
    with contextlib.suppress(OSError):
        wire.sendall(http(200, json.dumps({"filler": "x" * 8_000_000, "message_id": message_id}).encode()))


def _in_two_pieces(wire: socket.socket, message_id: str) -> None:
    """Slow, and within the contract: this one counts as sent."""
    content = as_json(200, {"ok": True, "message_id": message_id})
    wire.sendall(content[:40])
    time.sleep(0.3)
    wire.sendall(content[40:])


_HALF = as_json(200, {"ok": True, "message_id": "true_half"})
_PAGE = b"<html><body><h1>It works!</h1></body></html>"
_DEEP = b"[" * 20_000 + b"]" * 20_000

# Statuses without the contract's body. Something in between answers so, after it passed the message on or before.
BARE = (
    *(300, 301, 302, 303, 304, 307, 308),
    *(400, 402, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426),
    *(428, 431, 451, 463, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 524, 599),
)
# These say that the token or the account is wrong: whoever sends through the line stops until a person looks.
STOPPING = (401, 403, 407)


def _bare() -> Iterator[Misbehaviour]:
    for status in (*BARE, *STOPPING):
        head = "Location: /elsewhere\r\n" if 300 <= status < 400 else ""
        head += "Retry-After: 1\r\n" if status == 503 else ""
        for delivered in (True, False):
            name = f"bare {status} {'after' if delivered else 'instead of'} the delivery"
            yield Misbehaviour(name, delivered, _says(http(status, _PAGE, head=head)), status in STOPPING)


def _broken() -> Iterator[Misbehaviour]:
    after: dict[str, Wire] = {
        "hung up": _hangs_up,
        "reset": _resets,
        "too late": _too_late,
        "drip": _drips,
        "endless headers": _endless_headers,
        "huge body": _huge_body,
        "half a status line": _says(b"HTTP/1."),
        "half a head": _says(_HALF[:30]),
        "half a body": _says(_HALF[:-9]),
        "a longer length than the body": _says(http(200, b"{}", length=900)),
        "no HTTP": _says(b"\x00\x01\x02\x03" * 20),
        "HTTP/0.9": _says(_PAGE),
        "a page": _says(http(200, _PAGE)),
        "nothing in 200": _says(http(200)),
        "204": _says(http(204)),
        "a list": _says(as_json(200, [])),
        "a number": _says(as_json(200, 7)),
        "null": _says(as_json(200, None)),
        "ok without an id": _says(as_json(200, {"ok": True})),
        "an id that is null": _says(as_json(200, {"ok": True, "message_id": None})),
        "an id that is empty": _says(as_json(200, {"ok": True, "message_id": ""})),
        "an id that is a number": _says(as_json(200, {"ok": True, "message_id": 12})),
        "an id of spaces": _says(as_json(200, {"ok": True, "message_id": "   "})),
        "an id that is too long": _says(as_json(200, {"ok": True, "message_id": "x" * 161})),
        "an id in an object": _says(as_json(200, {"ok": True, "message_id": {"id": 1}})),
        "an error in 200": _says(refusal(200, "WHATSAPP_ERROR")),
        "deep nests": _says(http(200, _DEEP)),
        "not a number": _says(http(200, b'{"ok": true, "message_id": NaN}')),
        "another alphabet": _says(http(200, '{"ok": true}'.encode("utf-16"))),
        "zipped without a word": _says(http(200, gzip.compress(b'{"ok": true}'))),
        "zipped rubbish": _says(http(200, b"rubbish", head="Content-Encoding: gzip\r\n")),
        "chunks that end early": _says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"),
        # The contract's shape, not whole: a proxy's imitation.
        "an error without a message": _says(as_json(500, {"error": True, "code": "WHATSAPP_ERROR"})),
        "an error whose code is no code": _says(as_json(400, {"error": True, "code": "bad request", "message": "x"})),
        "an error that is a text": _says(as_json(400, {"error": "true", "code": "VALIDATION", "message": "x"})),
        "an error in 502": _says(refusal(502, "WHATSAPP_ERROR")),
        "an error in 303": _says(refusal(303, "VALIDATION", head="Location: /x\r\n")),
    }
    for name, answer in after.items():
        yield Misbehaviour(name, delivered=True, answer=answer)
    for name in ("hung up", "reset", "too late", "a page", "nothing in 200", "half a body"):
        yield Misbehaviour(f"{name}, and nothing left", delivered=False, answer=after[name])


def _refused() -> Iterator[Misbehaviour]:
    said = {
        "validation": refusal(400, "VALIDATION"),
        "validation as 422": refusal(422, "VALIDATION"),
        "no WhatsApp": refusal(400, "NOT_ON_WHATSAPP"),
        "an own code": refusal(400, "SOMETHING_OF_OURS"),
        "not ready": refusal(409, "SESSION_NOT_READY"),
        "slow down": refusal(429, "RATE_LIMITED", head="Retry-After: 1\r\n"),
        "slow down, no word how long": refusal(429, "RATE_LIMITED"),
        "its own trouble": refusal(500, "WHATSAPP_ERROR"),
    }
    for name, content in said.items():
        yield Misbehaviour(name, delivered=False, answer=_says(content))


def _odd_but_well() -> Iterator[Misbehaviour]:
    yield Misbehaviour("two pieces", delivered=True, answer=_in_two_pieces)
    well: dict[str, Callable[[str], bytes]] = {
        "201": lambda pk: as_json(201, {"ok": True, "message_id": pk}),
        "more than was asked for": lambda pk: as_json(200, {"ok": True, "message_id": pk, "cost": [1, {"a": None}]}),
        "100 first": lambda pk: b"HTTP/1.1 100 Continue\r\n\r\n" + as_json(200, {"ok": True, "message_id": pk}),
    }
    for name, make in well.items():
        yield Misbehaviour(name, delivered=True, answer=_with_id(make))


ALL: tuple[Misbehaviour, ...] = (*_bare(), *_broken(), *_refused(), *_odd_but_well())
