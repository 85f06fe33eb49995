"""A web server that takes callbacks."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Callback:
    path: str
    signature: str
    body: bytes

    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver:
    """What arrived, oldest first; `statuses` are given to the next requests, 200 to the rest."""

    def __init__(self) -> None:
        self.url = ""
        self.callbacks: list[Callback] = []
        self.statuses: list[int] = []

    def wait_for(self, count: int, *, timeout: float = 10.0) -> list[Callback]:
        """At least so many callbacks, or an AssertionError that shows what came."""
        end = time.monotonic() + timeout
        while len(self.callbacks) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.callbacks) >= count, f"only {self.callbacks}"
        return self.callbacks

    def all(self) -> list[dict[str, Any]]:
        """Every event, also of those that came together."""
        told = [json.loads(callback.body) for callback in self.callbacks]
        return [event for each in told for event in (each if isinstance(each, list) else [each])]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [callback.event() for callback in self.callbacks if callback.event()["event"] == name]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port; its url has the place for the tenant."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.callbacks.append(
                Callback(path=self.path, signature=self.headers.get("X-Signature", ""), body=body)
            )
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/{{cliente_id}}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
