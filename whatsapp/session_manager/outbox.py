"""Tells events to the callback address, each line's oldest first, until they are taken: over restarts too.

One line whose callbacks fail holds up no other. Events wait in the store, so that there are bounds on how many and how
old they get; beyond them the least important go first, and the log says so.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import datetime as dt
import json
import logging
import random
from typing import Any

from whatsapp.contract.callbacks import Poster, event
from whatsapp.contract.clock import Clock
from whatsapp.session_manager.store import Kept, Store

BATCH = 100
THREADS = 8
FIRST_DELAY, LONGEST_DELAY = 1.0, 300.0
MAX_AGE = dt.timedelta(days=7)
# The far side does not take this one; others of the line go first then. It is kept: a proxy's word may change.
_REFUSED = {400, 413, 422}

log = logging.getLogger(__name__)


@dataclasses.dataclass(kw_only=True)
class _Standing:
    """How telling goes with one line."""

    failures: int = 0
    not_before: float = 0.0
    one_by_one: bool = False
    task: asyncio.Task[None] | None = None


class Outbox:
    """`url` is empty where nobody is told anything: then nothing is kept either."""

    def __init__(self, store: Store, clock: Clock, *, url: str, secret: str) -> None:
        self._store = store
        self._clock = clock
        self._url = url
        self._poster = Poster(url=url, secret=secret)
        self._pool = concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="callback")
        self._lines: dict[str, _Standing] = {}
        self._news = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._dropped = 0

    def start(self) -> None:
        if self._url:
            self._pump = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What was not taken waits in the store."""
        tasks = [standing.task for standing in self._lines.values() if standing.task] + [self._pump]
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def tell(self, name: str, line: str, data: dict[str, Any], *, at: dt.datetime, matters: bool = True) -> None:
        """On disk when it returns. What does not matter is the first to go when there is no room."""
        if not self._url:
            return
        self._store.keep(line, event(name, line, data, at=at), at=at, matters=matters)
        if self._store.dropped > self._dropped:
            self._dropped = self._store.dropped
            log.error("the outbox is full: %d events were dropped since the start; who takes callbacks?", self._dropped)
        self._news.set()

    async def _run(self) -> None:
        """Start whatever is due; wake up for news, and when a line that failed may be tried again."""
        while True:
            self._news.clear()
            if gone := self._store.give_up(before=dt.datetime.now(dt.UTC) - MAX_AGE):
                log.error("nobody took %d events in %d days: they are given up", gone, MAX_AGE.days)
            wait = LONGEST_DELAY
            for line in self._store.waiting():
                standing = self._lines.setdefault(line, _Standing())
                left = standing.not_before - self._clock.time()
                if standing.task is not None:
                    continue
                if left > 0:
                    wait = min(wait, left)
                    continue
                standing.task = asyncio.create_task(self._tell_line(line, standing))
            await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        tasks = {asyncio.create_task(self._news.wait()), asyncio.create_task(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _tell_line(self, line: str, standing: _Standing) -> None:
        try:
            while events := self._store.oldest(line, 1 if standing.one_by_one else BATCH):
                if not await self._tell(line, events, standing):
                    return
        finally:
            standing.task = None
            self._news.set()

    async def _tell(self, line: str, events: list[Kept], standing: _Standing) -> bool:
        """One POST. Whether to go on at once."""
        bodies = [kept.body for kept in events if kept.body]
        status = await self._post(line, bodies) if bodies else 200
        if 200 <= status < 300:
            if standing.failures:
                log.warning("line %s: callbacks are taken again", line)
            standing.failures, standing.one_by_one = 0, False
            self._store.taken([kept.number for kept in events])
            return True
        if status in _REFUSED and len(events) > 1:
            standing.one_by_one = True
            return True
        if status in _REFUSED:
            self._store.to_the_end(events[0].number)
        delay = min(FIRST_DELAY * 2 ** min(standing.failures, 12), LONGEST_DELAY) * random.uniform(0.5, 1.0)  # noqa: S311
        if not standing.failures:
            log.warning("line %s: its callbacks are not taken (%s); they wait", line, status or "no answer")
        standing.failures += 1
        standing.not_before = self._clock.time() + delay
        return False

    async def _post(self, line: str, bodies: list[dict[str, Any]]) -> int:
        body = json.dumps(bodies[0] if len(bodies) == 1 else bodies).encode()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._poster.post, line, body)
