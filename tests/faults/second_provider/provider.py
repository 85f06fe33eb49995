"""The server: reads requests byte by byte, keeps the ledger, and answers well or badly."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import random
import socket
import socketserver
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from tests.faults.checker import Delivered
from tests.faults.second_provider.callbacks import Callbacks
from tests.faults.second_provider.misbehaviours import ALL, Misbehaviour, as_json, http, refusal

# Not all managers can all: by tenant, in turn.
CAPABILITIES = (
    ["connect", "disconnect", "lookup", "dedupe", "callbacks", "echo", "presence"],
    ["callbacks"],
    ["lookup", "callbacks"],
    ["dedupe", "callbacks", "echo"],
)
C = TypeVar("C")
_MOST_HEAD, _MOST_BODY = 64 * 1024, 1024 * 1024


@dataclasses.dataclass
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def tenant(self) -> str:
        return self.headers.get("x-cliente-id", "")


class SecondProvider:
    """One process's sessions. `share` of the sends is answered badly while `misbehaving`; by `seed`, always alike."""

    def __init__(
        self, tenants: Sequence[str], *, seed: int, share: float, pool: Sequence[Misbehaviour] = ALL, latency: float = 0
    ) -> None:
        self.misbehaving = True
        self.done: collections.Counter[str] = collections.Counter()
        self.callbacks: Callbacks | None = None
        self._tenants = {tenant: CAPABILITIES[turn % len(CAPABILITIES)] for turn, tenant in enumerate(tenants)}
        self._share, self._pool, self._latency = share, list(pool), latency
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._ledger: list[Delivered] = []
        # What was indexed before it was handed over: our id by (tenant, the caller's id); None while at work or failed.
        self._known: dict[tuple[str, str], str | None] = {}
        self._busy = 0

    def ledger(self) -> list[Delivered]:
        with self._lock:
            return list(self._ledger)

    def is_quiet(self) -> bool:
        return self._busy == 0

    # --- One request ------------------------------------------------------------------------------------------------

    def handle(self, wire: socket.socket) -> None:
        request = _read(wire)
        if request is None:
            return
        if request.path == "/health":
            # Asked without a tenant: what all of them can.
            wire.sendall(as_json(200, self._health(request.tenant)))
        elif request.tenant not in self._tenants:
            wire.sendall(refusal(404, "UNKNOWN_SESSION"))
        elif (request.method, request.path) == ("GET", "/status"):
            wire.sendall(self._status(request.tenant))
        elif (request.method, request.path) == ("POST", "/send"):
            self._send(wire, request)
        elif request.path.startswith("/messages/") and "lookup" in self._tenants[request.tenant]:
            wire.sendall(self._lookup(request.tenant, request.path.removeprefix("/messages/")))
        elif request.path == "/presence" and "presence" in self._tenants[request.tenant]:
            wire.sendall(as_json(200, {"ok": True}))
        else:
            wire.sendall(http(404, b"not here"))

    def _health(self, tenant: str) -> dict[str, Any]:
        can = self._tenants.get(tenant, ["callbacks"])
        return {"ok": True, "service": "session-manager", "version": "1.0.0", "capabilities": can}

    def _status(self, tenant: str) -> bytes:
        if self.misbehaving and self._draw() < self._share / 8:
            return self._choice([http(502), http(200, b"{"), as_json(200, {"ok": True, "state": "DREAMING"})])
        well = {"ok": True, "cliente_id": tenant, "state": "READY", "connected": True, "can_send_messages": True}
        return as_json(200, well)

    def _send(self, wire: socket.socket, request: _Request) -> None:
        message = json.loads(request.body)
        ours = message.get("client_message_id")
        if not isinstance(message.get("to"), str) or not message.get("message"):
            wire.sendall(refusal(400, "VALIDATION"))
            return
        self._busy += 1
        try:
            if self._latency:
                time.sleep(self._draw() * self._latency)
            seen = self._repeated(request.tenant, ours)
            if seen is not None:
                wire.sendall(as_json(200, {"ok": True, "message_id": seen}))
                return
            bad = self._choice(self._pool) if self.misbehaving and self._draw() < self._share else None
            if bad is None:
                message_id = self._deliver(request.tenant, ours)
                wire.sendall(as_json(200, {"ok": True, "message_id": message_id}))
                return
            self.done[bad.name] += 1
            bad.answer(wire, self._deliver(request.tenant, ours) if bad.delivered else "")
        finally:
            self._busy -= 1

    def _repeated(self, tenant: str, ours: str | None) -> str | None:
        if ours is None or "dedupe" not in self._tenants[tenant]:
            return None
        with self._lock:
            return self._known.get((tenant, ours))

    def _deliver(self, tenant: str, ours: str | None) -> str:
        # Ids that differ in case only are two ids.
        message_id = f"true_{uuid.UUID(int=self._bits(), version=4).hex[:18]}_{self._choice(['a', 'A'])}"
        with self._lock:
            if ours is not None:
                self._known[tenant, ours] = message_id
            line = Delivered(tenant=tenant, client_message_id=uuid.UUID(ours), message_id=message_id, at=time.time())
            self._ledger.append(line)
        if self.callbacks is not None:
            echo = ours if "echo" in self._tenants[tenant] else None
            self.callbacks.acknowledge(tenant, message_id, echo)
        return message_id

    def _lookup(self, tenant: str, ours: str) -> bytes:
        if self.misbehaving and self._draw() < self._share / 4:
            return self._choice([http(500), http(404, b"<html>"), http(200, b"[]")])
        with self._lock:
            message_id = self._known.get((tenant, ours))
        if message_id is None:
            return refusal(404, "UNKNOWN_MESSAGE")
        return as_json(200, {"ok": True, "client_message_id": ours, "status": "sent", "message_id": message_id})

    # --- Chance -----------------------------------------------------------------------------------------------------

    def _draw(self) -> float:
        with self._lock:
            return self._rng.random()

    def _bits(self) -> int:
        with self._lock:
            return self._rng.getrandbits(128)

    def _choice(self, among: Sequence[C]) -> C:
        with self._lock:
            return self._rng.choice(among)


def _read(wire: socket.socket) -> _Request | None:
    wire.settimeout(30)
    content = b""
    while b"\r\n\r\n" not in content:
        piece = wire.recv(4096)
        if not piece or len(content) > _MOST_HEAD:
            return None
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    wanted = min(int(headers.get("content-length", "0")), _MOST_BODY)
    while len(body) < wanted:
        piece = wire.recv(65536)
        if not piece:
            return None
        body += piece
    return _Request(method, path.partition("?")[0], headers, body)


@contextlib.contextmanager
def serving(provider: SecondProvider) -> Iterator[str]:
    """The provider at an address of this machine, which is given."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                provider.handle(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
