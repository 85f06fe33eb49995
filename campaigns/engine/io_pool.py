"""Where HTTP waits: a bounded pool of threads that touch no database, and a queue of what they brought back."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol


class IoPool(Protocol):
    """Runs calls that wait on sockets. Keys are the caller's; a call that raises brings its exception back."""

    def submit(self, key: object, call: Callable[[], object]) -> None: ...

    def collect(self, timeout: float) -> list[tuple[object, object]]:
        """What came back, waiting up to `timeout` seconds for the first."""

    def close(self) -> None: ...


class ThreadIoPool:
    """The real one. Threads are made as needed, up to `threads`."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="io")
        self._done: queue.SimpleQueue[tuple[object, object]] = queue.SimpleQueue()

    def submit(self, key: object, call: Callable[[], object]) -> None:
        self._pool.submit(self._run, key, call)

    def _run(self, key: object, call: Callable[[], object]) -> None:
        try:
            result: object = call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the flight has to hear of it
            result = error
        self._done.put((key, result))

    def collect(self, timeout: float) -> list[tuple[object, object]]:
        found = []
        try:
            found.append(self._done.get(timeout=max(0.0, timeout)))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            return found

    def close(self) -> None:
        # A thread still waiting past its deadline is left to its own time-out; what it says later is only logged.
        self._pool.shutdown(wait=False, cancel_futures=True)


def boot_seconds() -> float:
    """Seconds that go on while a process is stopped."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
