"""Many rows by one prepared statement.

`bulk_create` makes a model instance of every row and prepares each of its columns in Python; the first reading of a
client base spent three quarters of its time there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import connection, models
from django.db.models.constants import OnConflict

Prepare = Callable[[Any], Any]

# Text, whole numbers and truth are the same in Python and in every database; the others depend on it.
_PLAIN: Final = (models.CharField, models.IntegerField, models.BooleanField, models.ForeignKey)


class BulkWriter:
    """Writes rows of these fields, in their order. With `update`, rows that are there get those fields."""

    def __init__(self, model: type[models.Model], names: Sequence[str], *, update: Sequence[str] = ()) -> None:
        fields = [model._meta.get_field(name) for name in names]
        columns = [str(field.column) for field in fields if isinstance(field, models.Field)]
        self._prepared = [
            (index, _preparer(field))
            for index, field in enumerate(fields)
            if isinstance(field, models.Field) and not isinstance(field, _PLAIN)
        ]
        quote = connection.ops.quote_name
        marks = ", ".join(["%s"] * len(columns))
        # Names come from the model, values are parameters.
        self._sql = (
            f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(map(quote, columns))}) VALUES ({marks})"  # noqa: S608
            f"{_on_conflict(model, names, update) if update else ''}"
        )

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Call it inside the page's transaction."""
        if not rows:
            return
        with connection.cursor() as cursor:
            cursor.executemany(self._sql, [self._parameters(row) for row in rows])

    def _parameters(self, row: Sequence[Any]) -> list[Any]:
        parameters = list(row)
        for index, prepare in self._prepared:
            parameters[index] = prepare(parameters[index])
        return parameters


def _preparer(field: models.Field[Any, Any]) -> Prepare:
    # The same moments and dates come thousands of times.
    @functools.lru_cache(maxsize=4_096)
    def prepare(value: Any) -> Any:
        return None if value is None else field.get_db_prep_save(value, connection)

    return prepare


def _on_conflict(model: type[models.Model], names: Sequence[str], update: Sequence[str]) -> str:
    fields = [model._meta.get_field(name) for name in names]
    columns = [str(field.column) for field in fields if isinstance(field, models.Field) and field.name in update]
    suffix: str = connection.ops.on_conflict_suffix_sql(fields, OnConflict.UPDATE, columns, ["id"])
    return f" {suffix}"
