"""The database's own refusal to change a try that is closed: triggers that an operator puts in place.

A closed try is what happened, and `campaigns.engine` writes it once. The triggers hold whoever else comes to the table:
a shell, a script, another program. They allow what the sender still does to a closed try, and nothing more:

    the day's charge is given back     refunded, from no to yes
    its lane is taken away             lane, to nothing
    a proof of sending comes late      outcome, to sent with a message id, with what the answer said

They are no migration: who may create triggers is decided where the server is, and the tests' databases are emptied
row by row. `erasing` is the way for whoever has to take a person's data out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection, transaction

from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt

_PREFIX: Final = "attempt_closed_"
_REFUSAL: Final = "A closed attempt is what happened: it is not changed and not deleted."
# What a late proof of sending may write, beside the outcome.
_PROOF: Final = ("finished_at", "dispatched_at", "host", "http_status", "code", "detail", "duration_ms", "message_id")
# What tells of a person: numbers stand in the ids of WhatsApp's messages, words of theirs may stand in a refusal.
_PERSONAL: Final = ("message_id", "detail")
_ERASING: Final = "@leadmaster_erasing"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trigger:
    name: str
    sql: str


def is_installed() -> bool:
    """Whether this version's triggers are in place, and no other version's."""
    return set(_present()) == {trigger.name for trigger in _wanted()}


def install() -> Sequence[Trigger]:
    """Put this version's triggers in place of whatever was there. Raises DatabaseError where the user may not."""
    wanted = _wanted()
    # The new ones first: there is no moment without any.
    there = set(_present())
    for trigger in wanted:
        if trigger.name not in there:
            _execute(trigger.sql)
    _drop(there - {trigger.name for trigger in wanted})
    return wanted


def remove() -> None:
    _drop(_present())


@contextlib.contextmanager
def erasing() -> Iterator[None]:
    """Within it closed tries may lose what tells of a person (`message_id`, `detail`: emptied), and nothing else.

    One transaction of this connection alone; for everybody else they stay as closed as before.
    """
    with transaction.atomic(durable=True):
        if connection.vendor == "mysql":
            _execute(f"SET {_ERASING} = 1")
            try:
                yield
            finally:
                _execute(f"SET {_ERASING} = NULL")
            return
        # SQLite has no variables, and one writer at a time: nobody else writes while these stand.
        there = _present()
        _drop(there)
        lenient = _sqlite(erasing=True) if there else []
        for trigger in lenient:
            _execute(trigger.sql)
        yield
        _drop([trigger.name for trigger in lenient])
        if there:
            install()


def _wanted() -> Sequence[Trigger]:
    return _mysql() if connection.vendor == "mysql" else _sqlite(erasing=False)


def _present() -> Sequence[str]:
    """The names of our triggers on the table, of whatever version."""
    if connection.vendor == "mysql":
        sql = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = %s"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [Attempt._meta.db_table])
        return [name for (name,) in cursor.fetchall() if name.startswith(_PREFIX)]


def _drop(names: Any) -> None:
    for name in names:
        _execute(f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


# --- The rule, in SQL ------------------------------------------------------------------------------------------------


def _mysql() -> Sequence[Trigger]:
    refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_REFUSAL}'"
    # What is unknown is not allowed: a comparison with NULL would let everything pass.
    allowed = _allowed(erasing=f"{_ERASING} <=> 1")
    return [
        _trigger("update", f"IF {_CLOSED} AND NOT COALESCE(({allowed}), 0) THEN {refuse}; END IF"),
        _trigger("delete", f"IF {_CLOSED} THEN {refuse}; END IF"),
    ]


def _sqlite(*, erasing: bool) -> Sequence[Trigger]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    allowed = _allowed(erasing="1" if erasing else "0")
    return [
        _trigger("update", f"WHEN {_CLOSED} AND NOT COALESCE(({allowed}), 0) {refuse}"),
        _trigger("delete", f"WHEN {_CLOSED} {refuse}"),
    ]


def _trigger(event: str, body: str) -> Trigger:
    """Its name tells its version, so that a look at the names finds one that is out of date."""
    name = f"{_PREFIX}{event}_{hashlib.sha256(body.encode()).hexdigest()[:8]}"
    table = connection.ops.quote_name(Attempt._meta.db_table)
    return Trigger(
        name=name,
        sql=f"CREATE TRIGGER {connection.ops.quote_name(name)} BEFORE {event.upper()} ON {table} FOR EACH ROW {body}",
    )


_CLOSED: Final = f"OLD.outcome <> '{AttemptOutcome.OPEN}'"


def _allowed(*, erasing: str) -> str:
    """What an UPDATE of a closed try has to be. A column that this page does not name stays as it is."""
    told = ("outcome", *_PROOF)
    columns = [str(field.column) for field in Attempt._meta.concrete_fields]
    frozen = [column for column in columns if column not in {*told, "refunded", "lane_id"}]
    proven = (
        f"OLD.outcome <> '{AttemptOutcome.SENT}' AND NEW.outcome = '{AttemptOutcome.SENT}' AND NEW.message_id <> ''"
    )
    emptied = [f"({_same(column)} OR ({erasing} AND NEW.{column} = ''))" for column in _PERSONAL]
    rest = [_same(column) for column in told if column not in _PERSONAL]
    return " AND ".join(
        [
            *map(_same, frozen),
            f"({_same('refunded')} OR NEW.refunded)",
            f"({_same('lane_id')} OR NEW.lane_id IS NULL)",
            f"(({proven}) OR ({' AND '.join([*rest, *emptied])}))",
        ]
    )


def _same(column: str) -> str:
    """Byte by byte, and NULL like NULL."""
    if connection.vendor == "mysql":
        return f"CAST(NEW.{column} AS BINARY) <=> CAST(OLD.{column} AS BINARY)"
    return f"NEW.{column} IS OLD.{column}"
