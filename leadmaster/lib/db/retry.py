"""Retry of what a database gives up on its own: deadlocks, lock time-outs, SQLite's busy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, InterfaceError, OperationalError, connection, connections

# MySQL and MariaDB: 1205 lock wait time-out, 1213 deadlock victim, 1020 row changed since read.
_RETRYABLE_CODES = {1020, 1205, 1213}
# The server went away or the socket broke: nobody knows whether the last COMMIT took effect.
_LOST_CODES = {2006, 2013, 2055, 1927, 4031}
_TRIES = 6

T = TypeVar("T")


def is_retryable(error: BaseException) -> bool:
    """Rolled back by the database and worth doing again, whole."""
    if not isinstance(error, OperationalError) or not error.args:
        return False
    return error.args[0] in _RETRYABLE_CODES or "database is locked" in str(error)


def is_lost_connection(error: BaseException) -> bool:
    """The connection broke: the transaction may or may not have been committed."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and bool(error.args) and error.args[0] in _LOST_CODES


def retrying(operation: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Run an operation that opens its own outermost transaction; again, up to six times, when the database asks for it.

    Raises the last error. Never call it inside a transaction: the retry has to start from a clean one.
    """
    if connection.in_atomic_block and not _in_test_transaction():
        raise RuntimeError("retrying() inside a transaction would retry half of it")
    for attempt in range(_TRIES):
        try:
            return operation()
        except OperationalError as error:
            if attempt == _TRIES - 1 or not is_retryable(error):
                raise
            sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


def retrying_keyed(operation: Callable[[], T]) -> T:
    """`retrying` of what looks for its key before it writes it: where somebody else wrote it in between, it looks again."""
    try:
        return retrying(operation)
    except IntegrityError:
        return retrying(operation)


def drop_broken_connection() -> None:
    """Close a connection that broke, so that the next query opens a new one."""
    connections["default"].close()


def _in_test_transaction() -> bool:
    """Django's TestCase marks the transaction it wraps every test in."""
    return all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
