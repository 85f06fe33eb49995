"""Whether this process was asked to end. Whoever waits for nothing but the clock looks here, and what is under way ends.

A byte that parent and children share, without a lock: a child that is killed while it looks can't hold up the others.
"""

from __future__ import annotations

import mmap

_flag: mmap.mmap | None = None


def arm() -> None:
    """From here on this process and those that it forks share one flag, which is down."""
    global _flag  # noqa: PLW0603 - one per process, inherited by fork
    _flag = mmap.mmap(-1, 1)


def request() -> None:
    """Ask everybody who shares the flag to end."""
    if _flag is not None:
        _flag[0] = 1


def requested() -> bool:
    return _flag is not None and _flag[0] == 1


def is_armed() -> bool:
    """Whether anybody could ask."""
    return _flag is not None
