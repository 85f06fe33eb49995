"""Which phones this file already brought, and in which row: on disk, for files of any length."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping


class SeenPhones:
    """First rows by E.164 phone. A private temporary database that disappears with the connection."""

    def __init__(self) -> None:
        # The empty name is SQLite's own temporary file: in memory while small, on disk when it grows.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -8000")
        self._db.execute("CREATE TABLE seen (phone INTEGER PRIMARY KEY, row INTEGER NOT NULL)")

    def first_rows(self, phones: Iterable[str]) -> dict[str, int]:
        """Of those phones that were seen before, the row of the first occurrence."""
        keys = [int(phone[1:]) for phone in phones]
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT phone, row FROM seen WHERE phone IN ({marks})", keys)  # noqa: S608 - marks only
        return {f"+{phone}": row for phone, row in found}

    def add(self, rows: Mapping[str, int]) -> None:
        """Remember new phones with their rows."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO seen VALUES (?, ?)", [(int(phone[1:]), row) for phone, row in rows.items()])
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


@contextlib.contextmanager
def seen_phones() -> Iterator[SeenPhones]:
    seen = SeenPhones()
    try:
        yield seen
    finally:
        seen.close()
