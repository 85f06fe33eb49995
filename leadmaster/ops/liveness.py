"""Whether a cluster still does what it is there for, as far as the cluster itself can tell.

Its workers are ended when a task takes too long, but nobody ends what hands tasks to them when that hangs in a socket.
Then a task waits that nobody takes. What is asked for here is that the queue moves, not that it is short: a cluster that
has too much to do must not be ended for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from django.apps import apps
from django.db import InterfaceError, OperationalError, close_old_connections
from django.db.models import Manager

from leadmaster.lib.clock import database_now

# Longer than any task may take (Q_CLUSTER's timeout), after which some worker is free.
STUCK_AFTER_SECONDS: Final = 420.0
_LOOK_EVERY_SECONDS: Final = 20.0


class Pulse:
    """Says `alive` every twenty seconds, unless the same task has been the first in the queue for minutes."""

    def __init__(self, *, alive: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._alive = alive
        self._clock = clock
        self._next_look = float("-inf")
        self._first: int | None = None
        self._first_since = 0.0

    def beat(self) -> None:
        """Cheap enough to be called all the time."""
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + _LOOK_EVERY_SECONDS
        if self._queue_moves():
            self._alive()

    def _queue_moves(self) -> bool:
        try:
            close_old_connections()
            first = _first_waiting()
        except (OperationalError, InterfaceError):
            # Starting again brings no database back.
            return True
        if first is None or first != self._first:
            self._first, self._first_since = first, self._clock()
        return self._first is None or self._clock() - self._first_since < STUCK_AFTER_SECONDS


def _first_waiting() -> int | None:
    """The task whose turn it is. The model is looked up by name: only task modules know django-q2."""
    tasks: Manager[Any] = apps.get_model("django_q", "OrmQ")._default_manager
    waiting = tasks.filter(lock__lte=database_now()).order_by("id")
    found: int | None = waiting.values_list("id", flat=True).first()
    return found
