"""What is asked of PostgreSQL: it compares what nobody else holds, and its drivers stop at what Python can't.

Tried on a server by hand; here the questions are kept as they were answered there.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

from leadmaster.directory.sync.mapping import parse_mapping
from leadmaster.directory.sync.source import Source, Walk


class Server:
    """A connection that notes what it is asked."""

    vendor = "postgresql"
    ops = SimpleNamespace(quote_name='"{}"'.format)

    def __init__(self, *answers: list[tuple[Any, ...]]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def execute(self, sql: str, _parameters: list[Any]) -> None:
        self.asked.append(sql)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._answers.pop(0)


def source(server: Server) -> Source:
    connection: Any = server
    return Source(connection, parse_mapping("contacts=, capacity=, last_names=, tax_id=, agreement=, province=, city="))


def test_dates_come_as_texts_which_may_say_anything() -> None:
    server = Server([("7", "Ana", "activo", "infinity", "20026-03-15 00:00:00")])

    [record], _after = source(server).page(Walk.ALL, limit=5)

    assert (record["registered_on"], record["updated_at"]) == ("infinity", "20026-03-15 00:00:00")
    assert 'CAST("fecha_alta" AS TEXT), CAST("actualizado" AS TEXT)' in server.asked[0]


def test_infinity_is_not_the_latest_moment() -> None:
    server = Server([("2026-01-03 00:00:00",)])

    assert source(server).latest_moment() == "2026-01-03 00:00:00"
    assert server.asked[0].endswith("""WHERE "actualizado" < DATE '9999-12-31'""")


def test_a_uuid_is_trimmed_as_the_text_that_it_is_not() -> None:
    key = "6f0e8a54-6c2e-4b0a-9a3e-0d6c1e1f3b77"
    server = Server([(key,)], [(key,)], [], [])

    assert source(server).still_there([key]) == {key}
    assert [sql for sql in server.asked if 'TRIM("id")' in sql] == []
    assert 'CAST("id" AS TEXT) <> TRIM(CAST("id" AS TEXT))' in "".join(server.asked)
