"""Statements that the ORM words once and the process executes again and again with other values.

Building and compiling a queryset costs several times what a short statement costs the database. For the few that run
for every message this keeps the ORM's words, and pays for them once:

    charge = CompiledUpdate(lambda: Day.objects.filter(id=Param("id", BigIntegerField())), used=F("used") + 1)
    charge(id=7)  # how many rows matched
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db import connection
from django.db.models import Expression, Field, JSONField, Model, QuerySet, Value
from django.db.models.sql import InsertQuery, UpdateQuery

Build = Callable[[], QuerySet[Any, Any]]
M = TypeVar("M", bound=Model)

# Every field but JSON writes these as they are; most parameters are one of them.
_PLAIN: Final = (int, str)


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


class _Compiled(ABC):
    """Compiled at its first execution, when the database is known, and once for each kind of database."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[str, Sequence[Any]]] = {}

    @abstractmethod
    def _compiler(self) -> Any:
        """Django's SQL compiler of this statement, for the connection at hand."""

    def _words(self) -> tuple[str, Sequence[Any]]:
        words: tuple[str, Sequence[Any]] = self._compiler().as_sql()
        return words

    def _execute(self, cursor: Any, values: Mapping[str, Any]) -> None:
        database = cursor.db
        if database.vendor not in self._compiled:
            self._compiled[database.vendor] = self._words()
        sql, parameters = self._compiled[database.vendor]
        cursor.execute(sql, [_written(each, values, database) for each in parameters])


class _OfQueryset(_Compiled):
    """A statement about the rows of a queryset."""

    def __init__(self, build: Build) -> None:
        super().__init__()
        self._build = build


class CompiledUpdate(_OfQueryset):
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


class _CompiledSelect(_OfQueryset):
    """A SELECT whose rows come back as `values_list` would give them."""

    def __init__(self, build: Build) -> None:
        super().__init__(build)
        self._converting: dict[str, tuple[Any, Any]] = {}

    def _compiler(self) -> Any:
        return self._build().query.get_compiler(connection=connection)

    def _words(self) -> tuple[str, Sequence[Any]]:
        compiler = self._compiler()
        words: tuple[str, Sequence[Any]] = compiler.as_sql()
        # Known once the words are: what its columns need to become Python's.
        selected = [expression for expression, _sql, _alias in compiler.select]
        self._converting[connection.vendor] = compiler, compiler.get_converters(selected)
        return words

    def _in_python(self, rows: Sequence[Any], database: Any) -> Iterator[tuple[Any, ...]]:
        compiler, converters = self._converting[database.vendor]
        return map(tuple, compiler.apply_converters(rows, converters) if converters else rows)


class CompiledRow(_CompiledSelect):
    """A SELECT. Called, it returns the first row as `values_list` would, or None."""

    def __call__(self, **values: Any) -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            row = cursor.fetchone()
        return None if row is None else next(self._in_python([row], cursor.db))


class CompiledRows(_CompiledSelect):
    """A SELECT. Called, it returns all its rows as `values_list` would."""

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            self._execute(cursor, values)
            rows = cursor.fetchall()
        return list(self._in_python(rows, cursor.db))


class CompiledCount(_OfQueryset):
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


class CompiledCopy(_OfQueryset):
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


class CompiledInsert(_Compiled):
    """An INSERT of one row. Called with a new instance it writes it and gives it its id, as `save()` would; nothing else
    that a `save()` of the model's own does."""

    def __init__(self, model: type[M]) -> None:
        super().__init__()
        self._model = model

    def __call__(self, row: M) -> M:
        with connection.cursor() as cursor:
            self._execute(cursor, vars(row))
            row.pk = cursor.lastrowid
        row._state.adding = False
        row._state.db = connection.alias
        return row

    def _compiler(self) -> Any:
        fields = [field for field in self._model._meta.concrete_fields if not field.primary_key]
        query: Any = InsertQuery(self._model)
        query.insert_values(fields, [self._model(**{field.attname: Param(field.attname, field) for field in fields})])
        return query.get_compiler(connection=connection)

    def _words(self) -> tuple[str, Sequence[Any]]:
        [words] = self._compiler().as_sql()
        return words  # type: ignore[no-any-return]  # Django's compilers are not typed


def _written(parameter: Any, values: Mapping[str, Any], database: Any) -> Any:
    if not isinstance(parameter, Param):
        return parameter
    value = values[parameter.name]
    if parameter.position is not None:
        value = value[parameter.position]
    field = parameter.output_field
    if type(value) in _PLAIN and not isinstance(field, JSONField):
        return value
    return field.get_db_prep_save(value, database)
