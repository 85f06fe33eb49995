"""Statements that the ORM words once and the process executes again and again with other values.

Building and compiling a queryset costs several times what a short statement costs the database. For the few that run
for every message this keeps the ORM's words, and pays for them once:

    charge = PreparedUpdate(lambda: Day.objects.filter(id=Param("id", BigIntegerField())), used=F("used") + 1)
    charge(id=7)  # how many rows matched
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, Model, QuerySet, Value
from django.db.models.sql import UpdateQuery

Build = Callable[[], QuerySet[Any, Any]]


class Param(Expression):
    """Stands in a queryset for a value that comes with each execution, written as `field` writes it.

    With a `position` the value is a sequence, and this its item at that place.
    """

    def __init__(self, name: str, field: Field[Any, Any], position: int | None = None) -> None:
        super().__init__(output_field=field)
        self.name = name
        self.position = position

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


def params(name: str, field: Field[Any, Any], count: int) -> list[Any]:
    """For `…__in`: so many values, which come as one sequence."""
    return [Param(name, field, position) for position in range(count)]


class _Prepared(ABC):
    """Compiled at its first execution, when the database is known, and once for each kind of database."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[str, tuple[str, Sequence[Any]]] = {}

    @abstractmethod
    def _compiler(self) -> Any:
        """Django's SQL compiler of this statement, for the connection at hand."""

    def _words(self) -> tuple[str, Sequence[Any]]:
        words: tuple[str, Sequence[Any]] = self._compiler().as_sql()
        return words

    def _execute(self, cursor: Any, values: dict[str, Any]) -> None:
        if connection.vendor not in self._compiled:
            self._compiled[connection.vendor] = self._words()
        sql, parameters = self._compiled[connection.vendor]
        cursor.execute(sql, [_written(each, values) for each in parameters])


class PreparedUpdate(_Prepared):
    """An UPDATE of the rows of a queryset. Called, it says how many matched."""

    def __init__(self, build: Build, /, **changes: Any) -> None:
        super().__init__(build)
        self._changes = changes

    def __call__(self, **values: Any) -> int:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            return int(cursor.rowcount)

    def _compiler(self) -> Any:
        query: Any = self._build().query.chain(UpdateQuery)
        query.add_update_values(self._changes)
        return query.get_compiler(connection=connection)


class _PreparedSelect(_Prepared):
    """A SELECT whose rows come back as `values_list` would give them."""

    def __init__(self, build: Build) -> None:
        super().__init__(build)
        self._selecting: dict[str, Any] = {}

    def _compiler(self) -> Any:
        compiler = self._build().query.get_compiler(connection=connection)
        self._selecting[connection.vendor] = compiler
        return compiler

    def _in_python(self, rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        compiler = self._selecting[connection.vendor]
        converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        return map(tuple, compiler.apply_converters(rows, converters) if converters else rows)


class PreparedRow(_PreparedSelect):
    """A SELECT. Called, it returns the first row as `values_list` would, or None."""

    def __call__(self, **values: Any) -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            row = cursor.fetchone()
        return None if row is None else next(self._in_python([row]))


class PreparedRows(_PreparedSelect):
    """A SELECT. Called, it returns all its rows as `values_list` would."""

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            rows = cursor.fetchall()
        return list(self._in_python(rows))


class PreparedCount(_Prepared):
    """How many rows a queryset has, its limit included."""

    def __call__(self, **values: Any) -> int:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            return int(cursor.fetchone()[0])

    def _compiler(self) -> Any:
        return self._build().query.get_compiler(connection=connection)

    def _words(self) -> tuple[str, Sequence[Any]]:
        sql, parameters = super()._words()
        return f"SELECT COUNT(*) FROM ({sql}) counted", parameters  # noqa: S608 - the ORM's own words


class PreparedCopy(_Prepared):
    """INSERT … SELECT: a new row of `model` for each row of a queryset. Called, it says how many.

    The columns are expressions on the queryset; fields that are not named get their defaults.
    """

    def __init__(self, model: type[Model], build: Build, /, **columns: Any) -> None:
        super().__init__(build)
        self._model = model
        self._columns = columns

    def __call__(self, **values: Any) -> int:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            return int(cursor.rowcount)

    def _fields(self) -> list[Field[Any, Any]]:
        return [field for field in self._model._meta.concrete_fields if not field.primary_key]

    def _compiler(self) -> Any:
        columns = [
            self._columns[field.name] if field.name in self._columns else Value(field.get_default(), output_field=field)
            for field in self._fields()
        ]
        return self._build().values_list(*columns).query.get_compiler(connection=connection)

    def _words(self) -> tuple[str, Sequence[Any]]:
        sql, parameters = super()._words()
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in self._fields())
        return f"INSERT INTO {quote(self._model._meta.db_table)} ({columns}) {sql}", parameters


def _written(parameter: Any, values: dict[str, Any]) -> Any:
    if not isinstance(parameter, Param):
        return parameter
    value = values[parameter.name]
    if parameter.position is not None:
        value = value[parameter.position]
    return parameter.output_field.get_db_prep_value(value, connection)
