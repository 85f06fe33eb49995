"""The old tables as text: page by page in the order of their ids, all of them as they were in one moment.

Every cell comes as the database would print it. What it means is for `values` to say, with a reason when it means
nothing; a driver would turn a zero date into no date without a word.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import environ
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from django.db.utils import Error as DatabaseError
from django.utils.translation import gettext as _

from leadmaster.legacy import dump
from leadmaster.legacy.errors import LegacyError
from leadmaster.legacy.tables import TABLES, Table
from leadmaster.legacy.values import reference

PAGE = 1_000
_MYSQL = "django.db.backends.mysql"
_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")


class Row(Mapping[str, str | None]):
    """One row: its id, and what each column says. A column that this old version does not have says None."""

    __slots__ = ("_cells", "id", "table")

    def __init__(self, table: str, legacy_id: int, cells: Mapping[str, str | None]) -> None:
        self.table = table
        self.id = legacy_id
        self._cells = cells

    def __getitem__(self, column: str) -> str | None:
        return self._cells.get(column)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    @property
    def digest(self) -> str:
        """Of what it says: another one means that the row was changed."""
        told = "\x1f".join(f"{column}\x1e{value}" for column, value in sorted(self._cells.items()) if value is not None)
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a table of the old database really has."""

    name: str
    columns: Mapping[str, str]
    missing: tuple[str, ...]
    rows: int
    distinct: int


class Source:
    """An open old database. `warnings` is what its server said when a dump was loaded."""

    def __init__(self, connection: BaseDatabaseWrapper, schema: str, warnings: Sequence[str] = ()) -> None:
        self._connection = connection
        self._schema = schema
        self.warnings = list(warnings)
        self.shapes = {table.name: shape for table in TABLES.values() if (shape := self._shape(table)) is not None}

    def has(self, table: str) -> bool:
        shape = self.shapes.get(table)
        return shape is not None and not shape.missing

    def rows(self, table: str, *, columns: Sequence[str] | None = None) -> Iterator[Row]:
        """Every row with an id, in the order of ids. The second of two with the same id is not among them."""
        if not self.has(table):
            return
        shape = self.shapes[table]
        wanted = [column for column in columns or TABLES[table].columns if column in shape.columns]
        cells = self._cells(shape, wanted)
        id_ = _quoted(shape.columns["id"])
        sql = (
            f"SELECT {id_}{cells} FROM {self._full(shape.name)} WHERE {id_} > %s "  # noqa: S608 - their own names
            f"ORDER BY {id_} LIMIT {PAGE}"
        )
        last: int | None = None
        while True:
            page = self._query(sql, [-(2**62) if last is None else last])
            for legacy_id, *values in page:
                if legacy_id != last:
                    last = int(legacy_id)
                    yield Row(table, last, dict(zip(wanted, values, strict=True)))
            if len(page) < PAGE:
                return

    def rows_of(self, table: str, column: str, ids: Collection[int]) -> list[Row]:
        """The rows that speak of these, in the order of their ids."""
        if not ids or not self.has(table) or column not in self.shapes[table].columns:
            return []
        shape = self.shapes[table]
        wanted = [name for name in TABLES[table].columns if name in shape.columns]
        cells = self._cells(shape, wanted)
        marks = ", ".join(["%s"] * len(ids))
        id_ = _quoted(shape.columns["id"])
        sql = (
            f"SELECT {id_}{cells} FROM {self._full(shape.name)} "  # noqa: S608 - their own names
            f"WHERE {_quoted(shape.columns[column])} IN ({marks}) AND {id_} IS NOT NULL ORDER BY {id_}"
        )
        return [
            Row(table, int(legacy_id), dict(zip(wanted, cells_, strict=True)))
            for legacy_id, *cells_ in self._query(sql, list(ids))
        ]

    def distinct(self, table: str, column: str) -> set[int]:
        """Which rows of another table this one speaks of."""
        if not self.has(table) or column not in self.shapes[table].columns:
            return set()
        shape = self.shapes[table]
        found = self._query(f"SELECT DISTINCT {_quoted(shape.columns[column])} FROM {self._full(shape.name)}", [])  # noqa: S608
        return {number for (value,) in found if (number := reference(None if value is None else str(value)))}

    def _cells(self, shape: Shape, wanted: Sequence[str]) -> str:
        """What follows the id in a SELECT: nothing, where an old version has none of these columns."""
        return "".join(f", CAST({_quoted(shape.columns[column])} AS CHAR)" for column in wanted)

    def _shape(self, table: Table) -> Shape | None:
        found = self._query(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = %s AND LOWER(table_name) = %s",
            [self._schema, table.name],
        )
        if not found:
            return None
        name = str(found[0][0])
        there = {str(column).lower(): str(column) for _name, column in found}
        names = {
            column: next((there[alias] for alias in table.names(column) if alias in there), None)
            for column in ("id", *table.columns)
        }
        columns = {column: name_there for column, name_there in names.items() if name_there is not None}
        missing = tuple(column for column in ("id", *table.required) if column not in columns)
        rows = distinct = 0
        if "id" in columns:
            counted = f"SELECT COUNT(*), COUNT(DISTINCT {_quoted(columns['id'])}) FROM {self._full(name)}"  # noqa: S608
            [(rows, distinct)] = self._query(counted, [])
        return Shape(name, columns, missing, int(rows), int(distinct))

    def _full(self, table: str) -> str:
        return f"{_quoted(self._schema)}.{_quoted(table)}"

    def _query(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, list(parameters))
                return list(cursor.fetchall())
        except DatabaseError as error:
            raise LegacyError(_("La base anterior no se pudo leer: %(why)s") % {"why": _why(error)}) from error


@contextlib.contextmanager
def opened(url_or_dump: str) -> Iterator[Source]:
    """The old database at this address, or in this dump. Only reads. Raises LegacyError with what to do about it."""
    with contextlib.ExitStack() as stack:
        url, warnings = url_or_dump, list[str]()
        if "://" not in url_or_dump:
            url, warnings = stack.enter_context(dump.loaded(Path(url_or_dump)))
        connection = _connected(url)
        stack.callback(connection.close)
        schema = _schema(connection, url)
        yield Source(connection, schema, warnings)


def _connected(url: str) -> BaseDatabaseWrapper:
    config = _config(url)
    config["OPTIONS"] = {
        **config.get("OPTIONS", {}),
        "charset": "utf8mb4",
        "connect_timeout": 10,
        "isolation_level": "repeatable read",
    }
    # A handler of its own: this is no database of the product's, and nothing migrates it.
    connection: BaseDatabaseWrapper = ConnectionHandler({"default": config})["default"]
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            # What people change meanwhile in the old system is the next run's.
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    except ImportError as error:
        raise LegacyError(_("Falta el conector de MySQL: instala requirements/mysql.txt.")) from error
    except DatabaseError as error:
        raise LegacyError(
            _("No se pudo abrir la base anterior: %(why)s. Revisa la dirección y los permisos del usuario.")
            % {"why": _why(error)}
        ) from error
    return connection


def _config(url: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
        socket = parse_qs(urlsplit(url).query).get("unix_socket")
    except (ValueError, KeyError, environ.ImproperlyConfigured) as error:
        raise _wrong_address(url) from error
    if config.get("ENGINE") != _MYSQL or not config.get("NAME"):
        raise _wrong_address(url)
    if socket:
        config |= {"HOST": socket[0], "OPTIONS": {}}
    return config


def _wrong_address(url: str) -> LegacyError:
    # Never the address itself: it carries a password.
    return LegacyError(
        _(
            "La dirección de la base anterior (%(scheme)s) no sirve. Escribe mysql://usuario:clave@servidor:3306/base, "
            "o la ruta de un volcado .sql o .sql.gz."
        )
        % {"scheme": url.partition(":")[0][:20] or "?"}
    )


def _schema(connection: BaseDatabaseWrapper, url: str) -> str:
    """The database of the address; a dump may have made one of its own."""
    names = ", ".join(["%s"] * len(TABLES))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, COUNT(*) FROM information_schema.tables "  # noqa: S608 - marks alone
            f"WHERE LOWER(table_name) IN ({names}) GROUP BY table_schema ORDER BY COUNT(*) DESC",
            list(TABLES),
        )
        found = [str(schema) for schema, _count in cursor.fetchall() if schema not in _SYSTEM]
    own = str(connection.settings_dict["NAME"])
    is_dump = own == dump.DATABASE and "unix_socket=" in url
    candidates = found if is_dump else [schema for schema in found if schema == own]
    if not candidates:
        raise LegacyError(
            _("No hay ninguna tabla del sistema anterior (%(tables)s…). ¿Es la base correcta?")
            % {"tables": ", ".join(list(TABLES)[:3])}
        )
    return candidates[0]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _why(error: BaseException) -> str:
    words = error.args[-1] if error.args else error
    return " ".join(str(words).split())[:300]
