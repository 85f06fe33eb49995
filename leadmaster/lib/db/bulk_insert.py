"""Many rows by one statement.

`bulk_create` makes a model instance of every row and prepares each of its columns in Python: three quarters of an import
and of the first reading of a client base went there. Here only what differs from row to row is prepared, and only where
the database writes it in another way than Python.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from django.db import connection, models, transaction
from django.db.models.constants import OnConflict

Prepare = Callable[[Any], Any]
AnyField: TypeAlias = "models.Field[Any, Any]"

# Text, whole numbers and truth are the same in Python and in every database; the others depend on it.
_PLAIN: Final = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)
# The same moments, dates and amounts come thousands of times.
_REPEATED: Final = (models.DateField, models.DecimalField)


class BulkInserter:
    """Inserts rows of these fields, in their order. Call it inside the batch's transaction.

    `shared`, an instance that is never saved, gives the columns that aren't named, defaults included; without it they are
    the database's to fill. With `update`, rows that are there get those fields.
    """

    def __init__(
        self,
        model: type[models.Model],
        names: Sequence[str],
        *,
        shared: models.Model | None = None,
        update: Sequence[str] = (),
    ) -> None:
        varying = _fields(model, names)
        others: list[AnyField] = []
        self._shared: list[Any] = []
        if shared is not None:
            others = _others(model, names)
            self._shared = [_preparer(field)(field.pre_save(shared, True)) for field in others]
        self._prepared = [(place, _preparer(field)) for place, field in enumerate(varying) if not _is_plain(field)]
        quote = connection.ops.quote_name
        columns = [quote(str(field.column)) for field in [*varying, *others]]
        # Names come from the model, values are parameters.
        self._sql = (
            f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(columns)})"  # noqa: S608
            f" VALUES ({', '.join(['%s'] * len(columns))}){_on_conflict(varying, _fields(model, update))}"
        )

    def insert(self, rows: Iterable[Sequence[Any]]) -> None:
        """In their order."""
        parameters = [self._parameters(row) for row in rows]
        if not parameters:
            return
        with connection.cursor() as cursor:
            cursor.executemany(self._sql, parameters)

    def _parameters(self, row: Sequence[Any]) -> list[Any]:
        parameters = [*row, *self._shared]
        for place, prepare in self._prepared:
            parameters[place] = prepare(parameters[place])
        return parameters


def _fields(model: type[models.Model], names: Sequence[str]) -> list[AnyField]:
    fields = [model._meta.get_field(name) for name in names]
    return [field for field in fields if isinstance(field, models.Field)]


def _others(model: type[models.Model], names: Sequence[str]) -> list[AnyField]:
    return [field for field in model._meta.concrete_fields if not field.primary_key and field.name not in names]


def _is_plain(field: AnyField) -> bool:
    """Django's own: what is made of one may write it in another way, encrypted for instance."""
    return isinstance(field, _PLAIN) and type(field).__module__.startswith("django.db.models.")


def _preparer(field: AnyField) -> Prepare:
    # The connection itself: Django's proxy looks it up again at every touch.
    prepare = functools.partial(field.get_db_prep_save, connection=transaction.get_connection())
    return functools.lru_cache(maxsize=4_096)(prepare) if isinstance(field, _REPEATED) else prepare


def _on_conflict(fields: list[AnyField], update: list[AnyField]) -> str:
    if not update:
        return ""
    columns = [str(field.column) for field in update]
    suffix: str = connection.ops.on_conflict_suffix_sql(fields, OnConflict.UPDATE, columns, ["id"])
    return f" {suffix}"
