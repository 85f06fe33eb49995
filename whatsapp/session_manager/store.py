"""What must outlive the process, in one SQLite file: our ids of messages, events that nobody took yet, and lines.

A message is written down before it is handed over, and never forgotten once it may have left: a repeated id is answered
from here for as long as the file lives (about 200 bytes a message). It holds no text and no number of anybody's. Events
hold both, sealed; they go when they are taken.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from leadmaster.lib import crypto

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (
    name TEXT PRIMARY KEY, phone TEXT NOT NULL DEFAULT '', wanted INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    line TEXT NOT NULL, id TEXT NOT NULL, standing TEXT NOT NULL, message_id TEXT, code TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL, PRIMARY KEY (line, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_by_message_id ON messages (line, message_id) WHERE message_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL, matters INTEGER NOT NULL, at TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_line ON events (line, number);
CREATE INDEX IF NOT EXISTS events_that_may_go ON events (matters, number);
"""
_CONTEXT = "session manager event"


class Standing(enum.StrEnum):
    PENDING = "pending"  # this process is at it
    SENT = "sent"
    REFUSED = "refused"  # by WhatsApp, for good
    UNKNOWN = "unknown"  # nobody knows, and it is never sent again


@dataclasses.dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one message; `code` is the contract's, of a refused one."""

    standing: Standing
    message_id: str | None = None
    code: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineRow:
    name: str
    phone: str = dataclasses.field(default="", repr=False)  # E.164, or empty
    wanted: bool = False  # open it again after a restart
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kept:
    """One event to tell."""

    number: int
    body: dict[str, Any] = dataclasses.field(repr=False)


class Store:
    """Threads may share it. Every method is one transaction, on disk when it returns."""

    def __init__(self, path: Path, *, key_hex: str, old_keys: Sequence[str] = (), max_events: int = 50_000) -> None:
        self._key_hex, self._old_keys = key_hex, tuple(old_keys)
        self._max_events = max_events
        self._lock = threading.Lock()
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        # Whoever was at it is dead: nobody knows what became of these.
        self._write("UPDATE messages SET standing = ? WHERE standing = ?", Standing.UNKNOWN, Standing.PENDING)
        self._events = int(self._one("SELECT count(*) FROM events")[0])
        self.dropped = 0

    def close(self) -> None:
        with self._lock:
            self._database.close()

    # --- Messages ---------------------------------------------------------------------------------------------------

    def known(self, line: str, client_message_id: str) -> Known | None:
        return self._known("line = ? AND id = ?", line, client_message_id)

    def begin(self, line: str, client_message_id: str, *, at: dt.datetime) -> None:
        """It may leave from now on."""
        self._write(
            "INSERT INTO messages (line, id, standing, at) VALUES (?, ?, ?, ?)",
            line, client_message_id, Standing.PENDING, at.isoformat(),
        )  # fmt: skip

    def settle(self, line: str, client_message_id: str, known: Known) -> None:
        self._write(
            "UPDATE messages SET standing = ?, message_id = ?, code = ? WHERE line = ? AND id = ?",
            known.standing, known.message_id, known.code, line, client_message_id,
        )  # fmt: skip

    def never_left(self, line: str, client_message_id: str) -> None:
        """Proven: it may be tried again."""
        self._write("DELETE FROM messages WHERE line = ? AND id = ?", line, client_message_id)

    def id_of(self, line: str, message_id: str) -> str | None:
        """Our id of the message that WhatsApp calls so."""
        row = self._one("SELECT id FROM messages WHERE line = ? AND message_id = ?", line, message_id)
        return str(row[0]) if row else None

    # --- Events -----------------------------------------------------------------------------------------------------

    def keep(self, line: str, body: dict[str, Any], *, at: dt.datetime, matters: bool) -> None:
        """An event to tell. There is room for so many; beyond that the oldest go, those that matter last."""
        sealed = crypto.seal(json.dumps(body), key_hex=self._key_hex, context=_CONTEXT)
        with self._lock, self._transaction():
            self._database.execute(
                "INSERT INTO events (line, matters, at, body) VALUES (?, ?, ?, ?)",
                (line, int(matters), at.isoformat(), sealed),
            )
            self._events += 1
            if self._events > self._max_events:
                self._database.execute(
                    "DELETE FROM events WHERE number = (SELECT number FROM events ORDER BY matters, number LIMIT 1)"
                )
                self._events -= 1
                self.dropped += 1

    def waiting(self) -> list[str]:
        """Lines with events to tell."""
        return [row[0] for row in self._all("SELECT DISTINCT line FROM events")]

    def oldest(self, line: str, count: int) -> list[Kept]:
        rows = self._all("SELECT number, body FROM events WHERE line = ? ORDER BY number LIMIT ?", line, count)
        return [Kept(number=number, body=self._opened(body)) for number, body in rows]

    def taken(self, numbers: Sequence[int]) -> None:
        with self._lock, self._transaction():
            done = self._database.executemany("DELETE FROM events WHERE number = ?", [(number,) for number in numbers])
            self._events -= done.rowcount

    def to_the_end(self, number: int) -> None:
        """All others of its line go before it."""
        self._write("UPDATE events SET number = (SELECT max(number) + 1 FROM events) WHERE number = ?", number)

    def give_up(self, *, before: dt.datetime) -> int:
        """Events older than that, which nobody took. Returns how many there were."""
        count = self._write("DELETE FROM events WHERE at < ?", before.isoformat())
        with self._lock:
            self._events -= count
        self.dropped += count
        return count

    @property
    def untold(self) -> int:
        return self._events

    # --- Lines ------------------------------------------------------------------------------------------------------

    def lines(self) -> list[LineRow]:
        rows = self._all("SELECT name, phone, wanted, reason FROM lines ORDER BY name")
        return [
            LineRow(name=name, phone=self._phone(phone), wanted=bool(wanted), reason=reason)
            for name, phone, wanted, reason in rows
        ]

    def reseal(self) -> None:
        """What an old key sealed and stays: with today's."""
        for row in self.lines():
            if row.phone:
                self.put_line(row)

    def put_line(self, row: LineRow) -> None:
        sealed = crypto.seal(row.phone, key_hex=self._key_hex, context="session manager line")
        self._write(
            "INSERT INTO lines (name, phone, wanted, reason) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "phone = excluded.phone, wanted = excluded.wanted, reason = excluded.reason",
            row.name, sealed, int(row.wanted), row.reason,
        )  # fmt: skip

    # --- SQLite -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _write(self, statement: str, *values: Any) -> int:
        with self._lock:
            return self._database.execute(statement, values).rowcount

    def _all(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: Any) -> Any:
        with self._lock:
            return self._database.execute(statement, values).fetchone()

    def _known(self, where: str, *values: Any) -> Known | None:
        row = self._one(f"SELECT standing, message_id, code FROM messages WHERE {where}", *values)  # noqa: S608 - ours
        return Known(standing=Standing(row[0]), message_id=row[1], code=row[2]) if row else None

    def _opened(self, body: str) -> dict[str, Any]:
        """An event, or an empty one where no key opens it."""
        try:
            opened = crypto.unseal(body, key_hex=self._key_hex, context=_CONTEXT, old_keys=self._old_keys)
        except crypto.SecretError:
            return {}
        return dict(json.loads(opened))

    def _phone(self, sealed: str) -> str:
        with contextlib.suppress(crypto.SecretError):
            return crypto.unseal(sealed, key_hex=self._key_hex, context="session manager line", old_keys=self._old_keys)
        return ""
