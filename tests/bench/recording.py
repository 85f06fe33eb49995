"""Writes down the SQL that the ORM really executes, and executes it again without the ORM."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import MySQLdb
from django.db import connection

Statement = tuple[str, Any]
BEGIN: Statement = ("BEGIN", None)
COMMIT: Statement = ("COMMIT", None)


@dataclasses.dataclass
class Recording:
    """Statements with their parameters in the order of execution, BEGIN and COMMIT among them."""

    statements: list[Statement] = dataclasses.field(default_factory=list)

    def counts(self) -> tuple[int, int]:
        """How many statements, and how many commits: a write outside a transaction is one of its own."""
        count = commits = 0
        inside = False
        for sql, _parameters in self.statements:
            if (sql, None) == BEGIN:
                inside = True
            elif (sql, None) == COMMIT:
                inside = False
                commits += 1
            else:
                count += 1
                commits += not inside and not sql.startswith("SELECT")
        return count, commits


@contextlib.contextmanager
def recorded() -> Iterator[Recording]:
    """Record what the default connection executes inside the context."""
    recording = Recording()
    note = recording.statements.append
    connection.ensure_connection()
    set_autocommit, commit = connection.set_autocommit, connection.commit

    def execute(call: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        note((sql, tuple(parameters) if parameters else None))
        return call(sql, parameters, many, context)

    def switch(autocommit: bool, **options: Any) -> None:
        if not autocommit:
            note(BEGIN)
        set_autocommit(autocommit, **options)

    def end() -> None:
        note(COMMIT)
        commit()

    connection.set_autocommit, connection.commit = switch, end  # type: ignore[method-assign,assignment]
    try:
        with connection.execute_wrapper(execute):
            yield recording
    finally:
        connection.set_autocommit, connection.commit = set_autocommit, commit  # type: ignore[method-assign]


def replay(recording: Recording, database: MySQLdb.Connection) -> None:
    """The raw loop: the same statements with the same parameters and transactions, results fetched, nothing else."""
    cursor = database.cursor()
    for sql, parameters in recording.statements:
        cursor.execute(sql, parameters)
        cursor.fetchall()
