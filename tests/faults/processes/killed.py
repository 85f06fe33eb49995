"""A process that kills itself where it was told to: no `finally`, no rollback of its own, nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import pkgutil
import signal
from typing import Any

from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import Promoter
from opportunities.timers import recalculation


def asks(now: str, victim: str) -> None:
    """Ask for five clients."""
    _dies_at(victim, call=1)
    promoter = Promoter.objects.select_related("user", "desk__team", "desk__calendar").get()
    request_lot(promoter, Filters(), 5, key="k", now=dt.datetime.fromisoformat(now))


def recalculates(now: str, victim: str) -> None:
    """Bring the clocks along that still run by the old hours, four at a time."""
    _dies_at(victim, call=3)
    recalculation.BATCH = 4
    recalculation.apply_backlog(dt.datetime.fromisoformat(now))


def _dies_at(victim: str, *, call: int) -> None:
    """Ends the process when `package.module:name` is called for the `call`th time."""
    place, _, name = victim.partition(":")
    *path, last = name.split(".")
    owner = pkgutil.resolve_name(":".join([place, ".".join(path)]) if path else place)
    real, calls = getattr(owner, last), itertools.count(1)

    def die(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(owner, last, die)
