"""Many people at one desk at the same moment: threads with their own connections, started together."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.db.models import QuerySet

from leadmaster.lib.db import retry

_LOCK_WAIT_TIMEOUT = 1205


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one of them got: an answer, or what was raised; and how long they waited, in seconds."""

    answer: Any = None
    error: Exception | None = None
    waited: float = 0.0


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Outcome]:
    """Run these together, each in a thread and on a connection of its own that is open before the start."""
    start = threading.Barrier(len(calls))
    outcomes = [Outcome() for _call in calls]

    def run(number: int, call: Callable[[], Any]) -> None:
        with connection.cursor() as cursor:
            # Who would wait a second for a lock is told so by the database.
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
        try:
            start.wait(timeout=60)
            began = time.monotonic()
            try:
                outcomes[number] = Outcome(answer=call(), waited=time.monotonic() - began)
            except Exception as error:  # noqa: BLE001 - the test judges it
                outcomes[number] = Outcome(error=error, waited=time.monotonic() - began)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call), daemon=True) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


@contextlib.contextmanager
def no_long_waits() -> Iterator[None]:
    """Fails if anybody in the crowd waited a second for a lock, even if the wait was retried and nobody saw it."""
    waited: list[str] = []
    judge = retry.is_retryable

    def spy(error: BaseException) -> bool:
        if _LOCK_WAIT_TIMEOUT in error.args:
            waited.append(str(error))
        return judge(error)

    with mock.patch.object(retry, "is_retryable", spy):
        yield
    assert waited == []


def errors(outcomes: Sequence[Outcome], *, allowed: type[Exception] | tuple[type[Exception], ...] = ()) -> list[str]:
    """What nobody should have seen."""
    return [repr(one.error) for one in outcomes if one.error is not None and not isinstance(one.error, allowed)]


@contextlib.contextmanager
def waiting_for(rows: QuerySet[Any], call: Callable[[], Any]) -> Iterator[None]:
    """`rows` are locked, `call` runs beside until it waits for one of them; then the block runs and is committed."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    with transaction.atomic():
        assert list(rows.select_for_update())
        thread.start()
        until = time.monotonic() + 30
        while not _somebody_waits():
            assert time.monotonic() < until, "nobody came for these rows"
        yield
    thread.join(timeout=60)
    assert not thread.is_alive()


def overtaken(first: Callable[[], Any], second: Callable[[], Any], *, at: str) -> list[Outcome]:
    """`first` runs as far as the function `at` and stands there until `second` is through, or waits for it."""
    module, _dot, name = at.rpartition(".")
    real = getattr(importlib.import_module(module), name)
    there, go_on, began = threading.Event(), threading.Event(), threading.Event()
    outcomes = [Outcome(), Outcome()]

    def stand(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is threads[0] and not began.is_set():
            began.set()
            there.set()
            assert go_on.wait(timeout=60)
        return real(*args, **kwargs)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            outcomes[number] = Outcome(answer=call())
        except Exception as error:  # noqa: BLE001 - the test judges it
            outcomes[number] = Outcome(error=error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one, daemon=True) for one in enumerate((first, second))]
    with mock.patch(at, stand):
        threads[0].start()
        assert there.wait(timeout=30), f"nobody came to {at}"
        threads[1].start()
        until = time.monotonic() + 30
        while threads[1].is_alive() and not _somebody_waits():
            assert time.monotonic() < until
        go_on.set()
        for thread in threads:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        # Refreshed by the server ten times a second, whoever asks more often.
        cursor.execute("SELECT SLEEP(0.15)")
        cursor.execute("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
        (waiting,) = cursor.fetchone()
    return bool(waiting)
