"""Their rows, in pages and in a steady order. Nothing here writes, and one page is all that is ever held."""

from __future__ import annotations

import contextlib
import enum
import functools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error as DatabaseError
from django.utils.translation import gettext as _

from leadmaster.directory.sync.connecting import why
from leadmaster.directory.sync.decoding import as_text, decoded
from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.ids import INTEGER, as_raw_id, key_of, numbers_of
from leadmaster.directory.sync.mapping import Mapping
from leadmaster.directory.sync.report import SyncReport
from leadmaster.directory.sync.timestamps import RawMoment, as_raw

Record: TypeAlias = dict[str, Any]
# What was read last: the moment (in walks by moment) and the id. JSON keeps it.
Position: TypeAlias = list[Any]


class Walk(enum.StrEnum):
    """An order in which to read, and which rows."""

    DATED = "dated"  # by (updated_at, id), from a moment on
    UNDATED = "undated"  # those without updated_at, by id: nobody knows whether they changed
    ALL = "all"  # everybody, by id


class RawContact(NamedTuple):
    kind: str
    value: str
    primary: bool


class Source:
    """An open source. `is_file`: it is read whole each time, since an older file may follow a newer one.

    `everybody` is the table to ask who is still there, when it is another one than the clients'; `found` is what was
    found out when it was opened.
    """

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        mapping: Mapping,
        *,
        is_file: bool = False,
        everybody: str = "",
        found: SyncReport | None = None,
    ) -> None:
        self.mapping = mapping
        self.is_file = is_file
        self.found = found or SyncReport()
        self._everybody = everybody or mapping.clients
        self._connection = connection
        self._fields = tuple(mapping.client_columns)
        self._lenient = False

    @property
    def has_moments(self) -> bool:
        return bool(self.mapping.updated_at) and not self.is_file

    # --- Is it what we were told? ---------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises SyncError that names the table or column which is not there, and where to say what it is called."""
        mapping = self.mapping
        self._check_columns(mapping.clients, "clients", [*mapping.client_columns.values(), *mapping.contact_columns])
        if mapping.contacts:
            wanted = [mapping.contact_client, mapping.contact_kind, mapping.contact_value, mapping.contact_primary]
            self._check_columns(mapping.contacts, "contacts", [column for column in wanted if column])
        if self.has_moments:
            self._check_moments()

    def _check_columns(self, table: str, field: str, wanted: Sequence[str]) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(self._select(["*"], table, " WHERE 1 = 0"), [])
                there = [column[0] for column in cursor.description or ()]
        except DatabaseError as error:
            raise SyncError(
                "missing_table",
                _(
                    "No se puede leer la tabla “%(table)s” de la base de clientes. Si se llama de otra manera, indícalo "
                    "con CLIENTS_MAPPING=%(field)s=… Dijo la base: %(why)s"
                )
                % {"table": table, "field": field, "why": why(error)},
            ) from error
        known = {column.lower() for column in there}
        for column in wanted:
            if column.lower() not in known:
                raise SyncError(
                    "missing_column",
                    _(
                        "La tabla “%(table)s” no tiene la columna “%(column)s”. Tiene: %(columns)s. Indica cuál es con "
                        "CLIENTS_MAPPING=%(field)s=… (o vacío, si no la tiene)."
                    )
                    % {
                        "table": table,
                        "column": column,
                        "columns": ", ".join(there),
                        "field": self.mapping.name_of(column),
                    },
                )

    def _check_moments(self) -> None:
        """Texts are compared as texts: only ISO ones are in the order of time."""
        latest = self.latest_moment()
        if isinstance(latest, str) and not (latest[:4].isdigit() and latest[4:5] == "-"):
            raise SyncError(
                "no_moments",
                _(
                    "La columna “%(column)s” tiene fechas como “%(example)s”, que no se pueden ordenar. Déjala fuera con "
                    "CLIENTS_MAPPING=updated_at= (se lee todo cada vez)."
                )
                % {"column": self.mapping.updated_at, "example": latest[:40]},
            )

    # --- Pages ----------------------------------------------------------------------------------------------------------

    def count(self, walk: Walk, *, since: RawMoment | None = None) -> int:
        where, parameters = self._condition(walk, since=since, after=None)
        return int(self._rows(self._select(["COUNT(*)"], self.mapping.clients, where), parameters)[0][0])

    def count_without_id(self, walk: Walk, *, since: RawMoment | None = None) -> int:
        """Rows that no page brings: nobody could tell them from each other, and no page could end at one."""
        where, parameters = self._condition(walk, since=since, after=None, has_id=False)
        return int(self._rows(self._select(["COUNT(*)"], self.mapping.clients, where), parameters)[0][0])

    def latest_moment(self) -> RawMoment | None:
        moment = self._quote(self.mapping.updated_at)
        # "infinity" is a moment to PostgreSQL, and later than any other.
        rest = f" WHERE {moment} < DATE '9999-12-31'" if self._connection.vendor == "postgresql" else ""
        value = self._rows(self._select([self._as_text(f"MAX({moment})")], self.mapping.clients, rest), [])[0][0]
        return None if value is None else as_raw(value)

    def page(
        self, walk: Walk, *, since: RawMoment | None = None, after: Position | None = None, limit: int
    ) -> tuple[list[Record], Position | None]:
        """Up to `limit` rows after a position, and the position of the last one; None when no more are left."""
        fields = (*self._fields, *(f"+{column}" for column in self.mapping.contact_columns))
        names = [*self.mapping.client_columns.values(), *self.mapping.contact_columns]
        where, parameters = self._condition(walk, since=since, after=after)
        order = ", ".join(self._quote(column) for column in self._order(walk))
        rest = f"{where} ORDER BY {order} LIMIT {int(limit)}"
        sql = self._select([self._column(name) for name in names], self.mapping.clients, rest)
        records = [dict(zip(fields, row, strict=True)) for row in self._rows(sql, parameters)]
        if len(records) < limit:
            return records, None
        return records, self._position(walk, records[-1])

    def _column(self, name: str) -> str:
        column = self._quote(name)
        dated = name in {self.mapping.registered_on, self.mapping.updated_at}
        return self._as_text(column) if dated else column

    def _order(self, walk: Walk) -> list[str]:
        by_id = [self.mapping.external_id]
        return [self.mapping.updated_at, *by_id] if walk is Walk.DATED else by_id

    def _condition(
        self, walk: Walk, *, since: RawMoment | None, after: Position | None, has_id: bool = True
    ) -> tuple[str, list[Any]]:
        moment, id_ = self._quote(self.mapping.updated_at or "-"), self._quote(self.mapping.external_id)
        conditions = [f"{id_} IS NOT NULL" if has_id else f"{id_} IS NULL"]
        parameters: list[Any] = []
        if walk is Walk.UNDATED:
            conditions.append(f"{moment} IS NULL")
        if walk is not Walk.DATED:
            if after is not None:
                conditions.append(f"{id_} > %s")
                parameters.append(after[-1])
        elif after is not None:
            # One range of the index (updated_at, id), which an OR alone would not be for every database.
            conditions.append(f"{moment} >= %s AND ({moment} > %s OR {id_} > %s)")
            parameters += [after[0], after[0], after[1]]
        elif since is not None:
            conditions.append(f"{moment} >= %s")
            parameters.append(since)
        else:
            conditions.append(f"{moment} IS NOT NULL")
        return f" WHERE {' AND '.join(conditions)}", parameters

    def _position(self, walk: Walk, record: Record) -> Position:
        last_id = as_raw_id(record["external_id"])
        if walk is not Walk.DATED:
            return [last_id]
        if record["updated_at"] is None:
            raise SyncError(
                "no_moments",
                _("La columna “%(column)s” tiene fechas en cero, que no se pueden leer: corrígelas o usa --full.")
                % {"column": self.mapping.updated_at},
            )
        return [as_raw(record["updated_at"]), last_id]

    # --- What belongs to a page -----------------------------------------------------------------------------------------

    def contacts_of(self, records: Sequence[Record]) -> dict[str, list[RawContact]]:
        """Phones and mails by `key_of` the client. One query for all of them."""
        found: dict[str, list[RawContact]] = {key_of(record["external_id"]): [] for record in records}
        for record in records:
            own = found[key_of(record["external_id"])]
            for column in self.mapping.contact_columns:
                value = record[f"+{column}"]
                if value not in (None, ""):
                    own.append(RawContact(column, as_text(value), not own))
        if self.mapping.contacts and records:
            for key, contact in self._contact_rows([record["external_id"] for record in records]):
                if key in found:
                    found[key].append(contact)
        return found

    def _contact_rows(self, ids: Sequence[Any]) -> Iterator[tuple[str, RawContact]]:
        mapping = self.mapping
        client = self._quote(mapping.contact_client)
        wanted = [client] + [
            self._quote(column) if column else "NULL"
            for column in (mapping.contact_kind, mapping.contact_value, mapping.contact_primary)
        ]
        sql = self._select(wanted, mapping.contacts, f" WHERE {client} IN ({_marks(ids)})")
        for client_id, kind, value, primary in self._rows(sql, ids):
            if value is not None:
                yield key_of(client_id), RawContact(as_text(kind or ""), as_text(value), bool(primary))

    def still_there(self, external_ids: Collection[str]) -> set[str]:
        """Which of these ids, as the directory keeps them, the source still has. A query or two for all of them."""
        id_ = self._quote(self.mapping.external_id)
        there = self._found(id_, self._as_compared(external_ids))
        if self._has_padded_ids:
            # " 12" is kept as "12", and is not what an index finds.
            there |= self._found(f"TRIM({self._as_text(id_)})", list(external_ids))
        return there

    def _found(self, where: str, wanted: Sequence[Any]) -> set[str]:
        if not wanted:
            return set()
        id_ = self._quote(self.mapping.external_id)
        sql = self._select([id_], self._everybody, f" WHERE {where} IN ({_marks(wanted)})")
        return {key_of(row[0]) for row in self._rows(sql, wanted)}

    def _as_compared(self, external_ids: Collection[str]) -> list[Any]:
        """A number is no text to most databases; in SQLite one column may hold both."""
        if self._connection.vendor == "sqlite":
            return [form for one in external_ids for form in (one, *numbers_of(one))]
        if self._ids_are_text:
            return list(external_ids)
        return [int(one) for one in external_ids if INTEGER.fullmatch(one)]

    @functools.cached_property
    def _ids_are_text(self) -> bool:
        id_ = self._quote(self.mapping.external_id)
        row = self._rows(self._select([id_], self.mapping.clients, f" WHERE {id_} IS NOT NULL LIMIT 1"), [])
        return not row or not isinstance(as_raw_id(row[0][0]), int)

    @functools.cached_property
    def _has_padded_ids(self) -> bool:
        """A look at the whole table, once for a run that looks for who is gone."""
        if not self._ids_are_text:
            return False
        id_ = self._quote(self.mapping.external_id)
        text = self._as_text(id_)
        padded = self._select([id_], self._everybody, f" WHERE {text} <> TRIM({text}) LIMIT 1")
        return bool(self._rows(padded, []))

    def _as_text(self, column: str) -> str:
        """PostgreSQL trims no uuid, and its drivers stop at a date that Python can't hold."""
        return f"CAST({column} AS TEXT)" if self._connection.vendor == "postgresql" else column

    # --- SQL --------------------------------------------------------------------------------------------------------------

    def _select(self, what: Iterable[str], table: str, rest: str = "") -> str:
        """Names come quoted, values are parameters."""
        name = ".".join(self._quote(part) for part in table.split("."))
        return f"SELECT {', '.join(what)} FROM {name}{rest}"  # noqa: S608

    def _quote(self, name: str) -> str:
        # A per cent sign would be taken for the place of a parameter.
        return str(self._connection.ops.quote_name(name)).replace("%", "%%")

    def _rows(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._errors():
            try:
                return self._fetched(sql, parameters)
            except DatabaseError as error:
                # SQLite keeps whatever bytes it is given as text, and its driver stops at the first that is not UTF-8.
                if self._lenient or self._connection.vendor != "sqlite" or "decode" not in str(error):
                    raise
            self._connection.connection.text_factory = decoded
            self._lenient = True
            return self._fetched(sql, parameters)

    def _fetched(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, list(parameters))
            return list(cursor.fetchall())

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise SyncError(
                "source_failed", _("La base de clientes dejó de responder bien: %(why)s") % {"why": why(error)}
            ) from error


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
