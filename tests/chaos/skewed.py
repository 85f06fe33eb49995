"""One machine's wall clock, put forward and back while its processes run.

`python -m tests.chaos.skewed manage.py qcluster` (or a module: `gunicorn …`) is the program with a clock that is wrong by
as many seconds as the file says that WALL_CLOCK names. The boot clock and the database's own are not this machine's to
be wrong about, and stay as they are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import runpy
import sys
import time
from pathlib import Path

from django.utils import timezone

_LOOK_AGAIN = 0.2  # seconds


class WallClock:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._off = 0.0
        self._looked_at = float("-inf")

    def off(self) -> float:
        """By how many seconds it is wrong."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_AGAIN:
            # While it is being written anew it is as wrong as before.
            with contextlib.suppress(OSError, ValueError):
                self._off = float(self._file.read_text())
            self._looked_at = now
        return self._off

    def take_over(self) -> None:
        """Before anything is imported that would keep the right one."""
        now = timezone.now
        time.time = _Seconds(self)
        timezone.now = lambda: now() + dt.timedelta(seconds=self.off())


class _Seconds:
    """`time.time`. Like the built-in, and unlike a function, it is no method of a class that keeps it."""

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._right = time.time

    def __call__(self) -> float:
        return self._right() + self._clock.off()


def main(program: str, *arguments: str) -> None:
    if file := os.environ.get("WALL_CLOCK"):
        WallClock(Path(file)).take_over()
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
