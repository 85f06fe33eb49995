"""The database is emptied after a test that committed: only the tables that it filled.

Django's own flush deletes from each of more than a hundred tables, and then makes every content type and permission
again: more work than most tests. Those two stay as the migrations left them, and who wrote does not matter here: what
threads and other processes committed is seen as well.
"""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

# They belong to the code, as the tables themselves do.
KEPT = frozenset({ContentType._meta.db_table, Permission._meta.db_table})


def filled(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables of models that hold a row, without those that are kept. One statement asks for all."""
    tables = sorted({*connection.introspection.django_table_names(only_existing=True, include_views=False)} - KEPT)
    looks = ", ".join(f"EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {looks}")
        (holds,) = cursor.fetchall()
    return [table for table, some in zip(tables, holds, strict=True) if some]


def empty(connection: BaseDatabaseWrapper) -> None:
    tables = filled(connection)
    if tables:
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables))


def after_a_test(case: TransactionTestCase) -> None:
    """In the place of `TransactionTestCase._fixture_teardown`."""
    for name in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]  # private to Django
        empty(connections[name])
