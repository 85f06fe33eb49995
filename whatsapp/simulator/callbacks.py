"""Signed callbacks: acknowledgements, session states and inbound messages, tried again until they arrive."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import datetime as dt
import functools
import json
from typing import Any

from whatsapp.contract.callbacks import Poster, event
from whatsapp.contract.clock import Clock
from whatsapp.contract.wire import moment
from whatsapp.simulator.faults import Ack

# Seconds between the tries of one callback, on the simulated clock.
RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0)
THREADS = 8


@dataclasses.dataclass(kw_only=True)
class Counts:
    pending: int = 0
    delivered: int = 0
    given_up: int = 0


class Callbacks:
    """Sends events to `url`, where {cliente_id} stands for the tenant. Without a url nothing is sent."""

    def __init__(self, clock: Clock, *, url: str, secret: str) -> None:
        self.url = url
        self.counts = Counts()
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="callback")
        self._poster = Poster(url=url, secret=secret)

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
        ack_event = event("message.ack", tenant, data)
        return [self.send(tenant, ack_event, after=ack.after) for _time in range(ack.times)]

    def session_state(self, tenant: str, data: dict[str, Any]) -> None:
        self.send(tenant, event("session.state", tenant, data))

    def inbound(self, tenant: str, data: dict[str, Any]) -> None:
        self.send(tenant, event("message.inbound", tenant, data))

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
                event = {**event, "at": moment(dt.datetime.now(dt.UTC))}
            body = json.dumps(event).encode()
            for delay in (*RETRY_DELAYS, None):
                if await self._post(tenant, body, signature):
                    self.counts.delivered += 1
                    return
                if delay is not None:
                    await self._clock.sleep(delay)
            self.counts.given_up += 1
        finally:
            self.counts.pending -= 1

    async def _post(self, tenant: str, body: bytes, signature: str | None) -> bool:
        post = functools.partial(self._poster.post, tenant, body, signature=signature)
        return 200 <= await asyncio.get_running_loop().run_in_executor(self._pool, post) < 300
