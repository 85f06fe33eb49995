"""Many at once, on real clocks, real threads and a real database."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection
from django.utils import timezone

from campaigns.engine.tick import TickReport, run_tick
from leadmaster.lib.clock import DatabaseClock
from tests.faults.harness import World
from tests.faults.world import Behaviour, Delivery
from whatsapp.gateways.base import OutboundMessage

T = TypeVar("T")


def at_once(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run each in a thread of its own, released together; raises what the first of them raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        try:
            barrier.wait(timeout=30)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(acts)) as pool:
        return [future.result(timeout=240) for future in [pool.submit(run, act) for act in acts]]


class Crowd(World):
    """The same world on real time: messages take `seconds`, and the provider counts who overlaps on one line."""

    def __init__(self, *, seconds: float = 0.01) -> None:
        super().__init__(start=timezone.now())
        self.real = DatabaseClock()
        self.provider.clock = self.real  # type: ignore[assignment]
        self.provider.behave = self._behave
        self._seconds = seconds
        self._lock = threading.Lock()
        self._on_the_wire: Counter[str] = Counter()
        self.overlaps: list[str] = []

    def run_tick(self, minute: dt.datetime) -> TickReport:
        return run_tick(minute, open_gateway=self.provider.open)

    def _behave(self, message: OutboundMessage) -> Behaviour:
        return Behaviour(then=self._take_time)

    def _take_time(self, delivery: Delivery) -> None:
        with self._lock:
            self._on_the_wire[delivery.tenant_id] += 1
            if self._on_the_wire[delivery.tenant_id] > 1:
                self.overlaps.append(delivery.tenant_id)
        time.sleep(self._seconds)
        with self._lock:
            self._on_the_wire[delivery.tenant_id] -= 1
