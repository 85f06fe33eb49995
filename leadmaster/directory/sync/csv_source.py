"""A file as a source: its rows go into a throw-away SQLite first, and from there on it is a database like any other.

That costs a few seconds per million and saves a second way of doing everything: order, paging, duplicates, who is gone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.mapping import Mapping
from leadmaster.lib.tables.tabular import Table, TabularError, open_table

_BATCH = 5_000
_CONTACT = re.compile(r"(telefono|tel|celular|movil|whatsapp|correo|e_?mail|mail)(_?[a-z0-9]+)*")


@contextlib.contextmanager
def spooled(path: Path, mapping: Mapping) -> Iterator[tuple[Path, Mapping]]:
    """An SQLite file with the rows, and the mapping that reads it. Both last as long as the block.

    Columns are found by their header, whatever its case and accents. Of the mapped ones only the id has to be there;
    phones and mails are read from the columns that are named so.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="leadmaster-clients-") as folder,
            open_table(path, decimal=".") as table,
        ):
            spool = Path(folder) / "clients.sqlite3"
            yield spool, _spool(table, spool, mapping)
    except TabularError as error:
        raise SyncError(error.code, error.sentence) from error


def _spool(table: Table, spool: Path, mapping: Mapping) -> Mapping:
    records = (record for record in table.rows(exact=None) if any(cell.strip() for cell in record))
    header = [_folded(cell) for cell in next(records, [])]
    mapping = _mapping_for(header, mapping)
    kept = [index for index, name in enumerate(header) if name and header.index(name) == index]
    names = [header[index] for index in kept]
    id_at = names.index(mapping.external_id)

    with contextlib.closing(sqlite3.connect(spool)) as database:
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("PRAGMA synchronous=OFF")
        columns = ", ".join(f"{_quoted(name)} TEXT" for name in names)
        key = _quoted(mapping.external_id)
        database.execute(f"CREATE TABLE {_quoted(mapping.clients)} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
        marks = ", ".join("?" * len(names))
        # The last word on an id counts.
        insert = f"INSERT OR REPLACE INTO {_quoted(mapping.clients)} VALUES ({marks})"  # noqa: S608 - quoted names
        rows = (_cells(record, kept) for record in records)
        while batch := list(itertools.islice(rows, _BATCH)):
            database.executemany(insert, [row for row in batch if row[id_at]])
        database.commit()
    return mapping


def _mapping_for(header: Sequence[str], mapping: Mapping) -> Mapping:
    folded: dict[str, Any] = {field: _folded(column) for field, column in mapping.client_columns.items()}
    mapping = dataclasses.replace(mapping, contacts="", clients="clientes", **folded)
    if mapping.external_id not in header:
        raise SyncError(
            "missing_column",
            _(
                "El archivo no tiene la columna “%(column)s”, que dice quién es cada cliente. Columnas: %(columns)s. "
                "Indica cuál es con CLIENTS_MAPPING=external_id=…"
            )
            % {"column": mapping.external_id, "columns": ", ".join(filter(None, header))[:300]},
        )
    mapped = set(folded.values())
    named = [_folded(column) for column in mapping.contact_columns]
    found = named or [name for name in header if name not in mapped and _CONTACT.fullmatch(name)]
    there = tuple(dict.fromkeys(name for name in found if name in header))
    return dataclasses.replace(mapping.only(header), contact_columns=there)


def _cells(record: Sequence[str], kept: Sequence[int]) -> list[str]:
    return [record[index].strip() if index < len(record) else "" for index in kept]


def _folded(text: str) -> str:
    """`Fecha de Alta` → `fecha_de_alta`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "") + '"'
