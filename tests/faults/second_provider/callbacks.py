"""What the provider tells later: late, twice, backwards, in heaps, with false times and with rubbish between."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import queue
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

_STEPS = ("server", "delivered", "read")
_TRIES = 6


class Callbacks:
    """A thread that tells one address after the other. `address` has `{session}` in it."""

    def __init__(self, address: str, *, secret: str, seed: int) -> None:
        self._address, self._secret = address, secret.encode()
        self._rng = random.Random(seed)
        self._waiting: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def acknowledge(self, session: str, message_id: str, client_message_id: str | None) -> None:
        """Tell the steps of one message, as far as it gets, not always in order and not always once."""
        steps = [step for step in _STEPS[: self._rng.randint(0, 3)] for _time in range(self._rng.choice((1, 1, 2)))]
        if self._rng.random() < 0.3:
            self._rng.shuffle(steps)
        for step in steps:
            data = {"message_id": message_id, "ack": step, "client_message_id": client_message_id}
            self._waiting.put((session, self._event(session, {k: v for k, v in data.items() if v is not None})))

    def stop(self) -> None:
        """Everything that is waiting is told first."""
        self._waiting.put(None)
        self._thread.join(timeout=60)

    def _event(self, session: str, data: dict[str, Any]) -> dict[str, Any]:
        at = dt.datetime.now(dt.UTC)
        if self._rng.random() < 0.1:
            at = at.replace(year=self._rng.choice((2000, 2199)))
        return {
            "id": str(uuid.uuid4()),
            "event": "message.ack",
            "cliente_id": session,
            "at": at.isoformat(),
            "data": data,
        }

    def _work(self) -> None:
        ends = False
        while not ends:
            heap: dict[str, list[dict[str, Any]]] = {}
            entry = self._waiting.get()
            for _more in range(self._rng.choice((0, 0, 5, 50))):
                if entry is None:
                    break
                heap.setdefault(entry[0], []).append(entry[1])
                try:
                    entry = self._waiting.get(timeout=0.05)
                except queue.Empty:
                    break
            else:
                if entry is not None:
                    heap.setdefault(entry[0], []).append(entry[1])
            ends = entry is None
            for session, events in heap.items():
                self._tell(session, [*events, *self._rubbish(session)])

    def _rubbish(self, session: str) -> list[dict[str, Any]]:
        """Taken or refused, it spoils nothing beside it."""
        if self._rng.random() > 0.1:
            return []
        unknown = self._event(session, {"message_id": f"nobody-{self._rng.random()}", "ack": "read"})
        strange = {**self._event(session, {}), "event": "moon.phase"}
        return self._rng.sample([unknown, strange], 1)

    def _tell(self, session: str, events: list[dict[str, Any]]) -> None:
        body = json.dumps(events if len(events) > 1 else events[0]).encode()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        for attempt in range(_TRIES):
            request = urllib.request.Request(
                self._address.format(session=session),
                data=body,
                headers={"Content-Type": "application/json", "X-Signature": f"sha256={signature}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2 * 2**attempt)
