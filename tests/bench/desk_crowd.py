"""Promoters as processes: each asks one time after the other, all of them at once."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

from tests.bench.figures import percentile

# Makes what a process calls for each of its requests; gets the number of the process.
Begin = Callable[[int], Callable[[], int]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Served:
    """What the requests of a crowd took: seconds each, how long all of them together, and how much processor their own
    processes used: without the database's, and whatever else the machine was doing."""

    seconds: Sequence[float]
    together: float
    processor: float
    granted: int

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.together

    def milliseconds(self, percent: float) -> float:
        return 1000 * percentile(self.seconds, percent)

    def __str__(self) -> str:
        p50, p99 = self.milliseconds(50), self.milliseconds(99)
        own = 1000 * self.processor / len(self.seconds)
        return (
            f"p50 {p50:7,.1f}  p99 {p99:7,.1f} ms  {self.per_second:6,.1f} requests/s  own CPU {own:4.1f} ms  "
            f"({len(self.seconds):,} seen)"
        )


def crowd(begin: Begin, *, processes: int, requests: int, every: float = 0.0) -> Served:
    """So many processes with so many requests each. `every`: a request begins at the earliest so many seconds after
    the one before it began; 0 asks again at once. Raises RuntimeError when a process broke."""
    # Forked: Django and the stage are there already. Connections must not be shared.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start = context.Barrier(processes)
    found = context.SimpleQueue()
    members = [
        context.Process(target=_serve, args=(begin, number, requests, every, processes, start, found))
        for number in range(processes)
    ]
    for member in members:
        member.start()
    answers = [found.get() for _member in members]
    for member in members:
        member.join()
    if broken := [answer for answer in answers if isinstance(answer, str)]:
        raise RuntimeError(broken[0])
    seconds = [one for answer in answers for one in answer[0]]
    began, ended = min(answer[1] for answer in answers), max(answer[2] for answer in answers)
    return Served(
        seconds=seconds,
        together=ended - began,
        processor=sum(answer[4] for answer in answers),
        granted=sum(answer[3] for answer in answers),
    )


def _serve(begin: Begin, number: int, requests: int, every: float, processes: int, start: Any, found: Any) -> None:
    seconds: list[float] = []
    granted = 0
    try:
        ask = begin(number)
        ask()
        start.wait(timeout=300)
        began, used = time.monotonic(), time.process_time()
        # Their turns are spread, as people's are.
        due = began + every * number / processes
        for _ in range(requests):
            time.sleep(max(due - time.monotonic(), 0))
            due += every
            asked = time.monotonic()
            granted += ask()
            seconds.append(time.monotonic() - asked)
        found.put((seconds, began, time.monotonic(), granted, time.process_time() - used))
    except Exception as error:  # noqa: BLE001 - told to the parent, which stops
        start.abort()
        found.put(repr(error))


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"
