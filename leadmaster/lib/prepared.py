"""Statements that the ORM words once and the process executes again and again with other values.

Building and compiling a queryset costs several times what a short statement costs the database. For the few that run
for every message this keeps the ORM's words, and pays for them once:

    charge = PreparedUpdate(lambda: Day.objects.filter(id=Param("id", BigIntegerField())), used=F("used") + 1)
    charge(id=7)  # how many rows matched
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql import UpdateQuery

Build = Callable[[], QuerySet[Any, Any]]


class Param(Expression):
    """Stands in a queryset for a value that comes with each execution, written as `field` writes it."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class _Prepared(ABC):
    """Compiled at its first execution, when the database is known, and once for each kind of database."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._compiled: dict[str, tuple[str, Sequence[Any]]] = {}

    @abstractmethod
    def _compiler(self) -> Any:
        """Django's SQL compiler of this statement, for the connection at hand."""

    def _execute(self, cursor: Any, values: dict[str, Any]) -> None:
        if connection.vendor not in self._compiled:
            self._compiled[connection.vendor] = self._compiler().as_sql()
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


class PreparedRow(_Prepared):
    """A SELECT. Called, it returns the first row as `values_list` would, or None."""

    def __call__(self, **values: Any) -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            row = cursor.fetchone()
        if row is None:
            return None
        compiler = self._selecting[connection.vendor]
        converters = compiler.get_converters([expression for expression, _sql, _alias in compiler.select])
        return tuple(next(iter(compiler.apply_converters([row], converters))))

    def __init__(self, build: Build) -> None:
        super().__init__(build)
        self._selecting: dict[str, Any] = {}

    def _compiler(self) -> Any:
        compiler = self._build().query.get_compiler(connection=connection)
        self._selecting[connection.vendor] = compiler
        return compiler


def _written(parameter: Any, values: dict[str, Any]) -> Any:
    if not isinstance(parameter, Param):
        return parameter
    return parameter.output_field.get_db_prep_value(values[parameter.name], connection)
