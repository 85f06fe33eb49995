"""Signed callbacks: acknowledgements, session states and inbound messages, tried again until they arrive."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import threading
import uuid
from typing import Any
from urllib.parse import quote

import requests

from whatsapp.contract.clock import Clock
from whatsapp.simulator.faults import Ack

# Seconds between the tries of one callback, on the simulated clock.
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
TIMEOUT = 10.0
THREADS = 8


def sign(body: bytes, secret: str) -> str:
    """The value of X-Signature: HMAC-SHA256 over the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclasses.dataclass(kw_only=True)
class Counts:
    pending: int = 0
    delivered: int = 0
    given_up: int = 0


class Callbacks:
    """Sends events to `url`, where {cliente_id} stands for the tenant. Without a url nothing is sent."""

    def __init__(self, clock: Clock, *, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self.counts = Counts()
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="callback")
        self._local = threading.local()

    def acknowledge(
        self, ack: Ack, *, tenant: str, message_id: str, client_message_id: str | None
    ) -> list[asyncio.Task[None]]:
        """Plan one acknowledgement. Returns its tasks, for those who must wait until it was sent."""
        data: dict[str, Any] = {"message_id": ack.message_id or message_id, "ack": ack.ack}
        if client_message_id is not None and ack.message_id is None:
            data["client_message_id"] = client_message_id
        if ack.ack == "failed":
            data["error_code"] = ack.error_code or "WHATSAPP_ERROR"
            data["error_text"] = ack.error_text or "message could not be sent"
        event = _event("message.ack", tenant, data)
        return [self.send(tenant, event, after=ack.after) for _time in range(ack.times)]

    def session_state(self, tenant: str, data: dict[str, Any]) -> None:
        self.send(tenant, _event("session.state", tenant, data))

    def inbound(self, tenant: str, data: dict[str, Any]) -> None:
        self.send(tenant, _event("message.inbound", tenant, data))

    def send(
        self, tenant: str, event: object, *, after: float = 0.0, signature: str | None = None
    ) -> asyncio.Task[None]:
        """Send one event, or anything else that JSON can hold; a `signature` given replaces the right one."""
        self.counts.pending += 1
        task = asyncio.create_task(self._deliver(tenant, event, after=after, signature=signature))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _deliver(self, tenant: str, event: object, *, after: float, signature: str | None) -> None:
        try:
            await self._clock.sleep(after)
            if not self.url:
                return
            if isinstance(event, dict) and event.get("at") is None:
                event = {**event, "at": _now()}
            body = json.dumps(event).encode()
            for delay in (*RETRY_DELAYS, None):
                if await self._post(tenant, body, signature or sign(body, self.secret)):
                    self.counts.delivered += 1
                    return
                if delay is not None:
                    await self._clock.sleep(delay)
            self.counts.given_up += 1
        finally:
            self.counts.pending -= 1

    async def _post(self, tenant: str, body: bytes, signature: str) -> bool:
        url = self.url.replace("{cliente_id}", quote(tenant, safe=""))
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._post_now, url, body, signature)

    def _post_now(self, url: str, body: bytes, signature: str) -> bool:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        try:
            response = session.post(
                url,
                data=body,
                headers={"Content-Type": "application/json", "X-Signature": signature},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException:
            return False
        return 200 <= response.status_code < 300


def _event(name: str, tenant: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"evt_{uuid.uuid4().hex}", "event": name, "cliente_id": tenant, "at": None, "data": data}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
