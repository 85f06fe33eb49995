"""What really happened: one JSON line per delivery and per finished request, never changed and never removed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Ledger:
    """Append-only, in memory and in `path` when one is given; a file that is there already is continued.

    Entries carry `seq` (1, 2, 3…), `event` and `at`. Times named `started`, `delivered` and `ended` are seconds of
    the machine's monotonic clock, comparable between processes of one machine.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._file: int | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        self._entries = _read(before)
        # One write() per line on O_APPEND: a killed simulator leaves whole lines or a torn last one, never a mix.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if before and not before.endswith(b"\n"):
            os.write(self._file, b"\n")

    def delivered(
        self,
        *,
        tenant: str,
        to: str,
        client_message_id: str | None,
        message_id: str,
        text: str,
        started: float,
        delivered: float,
    ) -> None:
        """WhatsApp has the message."""
        self._append(
            "delivered",
            tenant=tenant,
            to=to,
            client_message_id=client_message_id,
            message_id=message_id,
            text_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            started=started,
            delivered=delivered,
        )

    def finished(
        self,
        *,
        tenant: str,
        to: str,
        client_message_id: str | None,
        message_id: str | None,
        answer: str,
        started: float,
        ended: float,
    ) -> None:
        """A send request came to its end; `answer` is the HTTP status or how the connection ended."""
        self._append(
            "finished",
            tenant=tenant,
            to=to,
            client_message_id=client_message_id,
            message_id=message_id,
            answer=answer,
            started=started,
            ended=ended,
        )

    def entries(self, *, since: int = 0, event: str | None = None) -> Iterator[Entry]:
        """Entries after number `since`, oldest first."""
        for entry in self._entries[since:]:
            if event is None or entry["event"] == event:
                yield entry

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, event: str, **fields: Any) -> None:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        entry = {"seq": len(self._entries) + 1, "event": event, "at": now, **fields}
        if self._file is not None:
            os.write(self._file, json.dumps(entry).encode() + b"\n")
        self._entries.append(entry)


def _read(content: bytes) -> list[Entry]:
    entries = []
    for line in content.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue  # the line that a kill tore; what it stood for was not written whole, so it did not happen
    return entries
