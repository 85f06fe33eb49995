"""How a server reaches its rows, read the same on MariaDB and on MySQL.

Both answer EXPLAIN in a table with the same columns (MySQL has two more); their JSON differs from each other and from
one version of MySQL to the next. So the table it is, asked for by name: MySQL's default may be another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.test.utils import CaptureQueriesContext


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One table of a plan."""

    table: str
    select_type: str
    access: str
    key: str
    rows: int
    extra: frozenset[str]

    @classmethod
    def of(cls, line: dict[str, Any]) -> Step:
        """From a line of EXPLAIN, by the names of its columns."""
        return cls(
            table=line["table"] or "",
            select_type=line["select_type"] or "",
            access=line["type"] or "",
            key=line["key"] or "",
            # With a filter of rows by another index it says `120 (3%)`.
            rows=int(str(line["rows"] or 0).partition(" ")[0]),
            extra=frozenset(part.strip() for part in (line["Extra"] or "").split(";") if part.strip()),
        )

    @property
    def sorts(self) -> bool:
        return "Using filesort" in self.extra

    @property
    def writes_down(self) -> bool:
        """Keeps rows in a temporary table on its way."""
        return "Using temporary" in self.extra

    @property
    def reads_the_index_alone(self) -> bool:
        return any(part == "Using index" or part.startswith("Using index for") for part in self.extra)

    @property
    def reads_a_whole_table(self) -> bool:
        return self.access == "ALL"


def steps(sql: str, params: Sequence[Any] | None = None) -> list[Step]:
    """The plan of this statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {sql}", params)
        names = [column[0] for column in cursor.description]
        return [Step.of(dict(zip(names, line, strict=True))) for line in cursor.fetchall()]


def steps_of(rows: QuerySet[Any, Any]) -> list[Step]:
    """The plan by which these rows would be read."""
    return steps(*rows.query.sql_with_params())


def captured(queries: CaptureQueriesContext, *, containing: str = "", beginning: str = "") -> list[str]:
    """The statements that were made, those that begin so and contain this."""
    made = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in made if sql.startswith(beginning) and containing in sql]


def analyse(*tables: str) -> None:
    """Let the server count these tables, as it does by itself in the course of a day.

    It commits: in a test that is rolled back the rows would stay for those that follow.
    """
    assert not connection.in_atomic_block, "mark this test with django_db(transaction=True)"
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {', '.join(tables)}")
        cursor.fetchall()


def numbers(first: int, last: int) -> str:
    """The whole numbers from one to the other, as the column `seq` of a table to select from.

    Of a hundred, thrice: both servers stop a recursion at a thousand unless they are told otherwise.
    """
    return f"""(
        WITH RECURSIVE hundred (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM hundred WHERE n < 99)
        SELECT {first} + a.n + 100 * b.n + 10000 * c.n AS seq FROM hundred a, hundred b, hundred c
        WHERE {first} + a.n + 100 * b.n + 10000 * c.n <= {last} AND c.n <= {(last - first) // 10_000}
    ) AS numbers"""


def multiply(model: type[Model], times: int, **changes: str) -> None:
    """So many copies of each row, made by the server: a hundredth of the work of making them here.

    `changes` says for each column that may not be the same again what it is instead, in SQL; `seq` counts the copies.
    """
    kept = [field.column for field in model._meta.concrete_fields if field.column and not field.primary_key]
    columns = ", ".join(f"`{column}`" for column in kept)
    values = ", ".join(changes.get(column, f"`{column}`") for column in kept)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, {numbers(1, times)}")


def new_uuid() -> str:
    """An expression for an id of the kind that Django keeps in this server's UUID columns."""
    return "UUID()" if getattr(connection, "mysql_is_mariadb", False) else "REPLACE(UUID(), '-', '')"
