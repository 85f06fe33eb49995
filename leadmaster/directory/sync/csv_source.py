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
from typing import Any, Final

from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError
from leadmaster.directory.sync.mapping import Mapping
from leadmaster.directory.sync.report import SyncReport
from leadmaster.lib.amounts import decimal_sign
from leadmaster.lib.tables.layout import Layout, Misfit, layout_of
from leadmaster.lib.tables.tabular import Table, TabularError, open_table

_BATCH = 5_000
_CONTACT = re.compile(
    r"(?:(?:n|nro|num|numero)_(?:de_)?)?(?:telefonos?|tel|celular|cel|movil|whatsapp|correo|e_?mail|mail|fone|telefone)(_?[a-z0-9]+)*"
)
# What these columns are called where nobody says so: the first of them that a file has.
_USUAL: Final = {
    "external_id": ("id_cliente", "cliente_id", "codigo_cliente", "nro_cliente", "numero_de_cliente", "nro_de_cliente"),
    "name": ("apellido_y_nombre", "apellidos_y_nombres", "nombre_y_apellido", "nombre_completo", "nombres", "cliente",
             "razon_social", "nome", "name"),
    "last_names": ("apellido", "sobrenome", "last_name"),
    "tax_id": ("dni", "cuit", "cuil", "curp", "cpf", "cnpj", "documento"),
    "province": ("provincia", "departamento", "uf", "state"),
    "city": ("localidad", "ciudad", "cidade", "city"),
    "client_type": ("tipo_de_cliente", "tipo"),
    "capacity": ("limite", "cupo"),
    "registered_on": ("fecha_de_alta", "alta", "fecha_ingreso"),
    "updated_at": ("fecha_actualizacion", "actualizado_el", "fecha_de_actualizacion", "updated_at"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spool:
    """An SQLite file with the rows, the mapping that reads it, and what was found out on the way.

    `everybody` is the table with the id of every row, of those too that are not taken: their clients are not gone.
    """

    path: Path
    mapping: Mapping
    everybody: str
    found: SyncReport


@contextlib.contextmanager
def spooled(path: Path, mapping: Mapping, *, region: str) -> Iterator[Spool]:
    """The rows of a file as long as the block lasts.

    Columns are found by their header, whatever its case and accents. Of the mapped ones only the id has to be there;
    phones and mails are read from the columns that are named so.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="leadmaster-clients-") as folder,
            open_table(path, decimal=decimal_sign(region)) as table,
        ):
            yield _spool(table, Path(folder) / "clients.sqlite3", mapping)
    except TabularError as error:
        raise SyncError(error.code, error.sentence) from error


def _spool(table: Table, path: Path, mapping: Mapping) -> Spool:
    head = ((row, record) for row, record in enumerate(table.rows(exact=None), start=1) if not _is_blank(record))
    header_row, titles = next(head, (1, []))
    header = [_folded(cell) for cell in titles]
    mapping = _mapping_for(header, mapping)
    layout = layout_of(table.rows(exact=None), header_row=header_row, header=titles, delimiter=table.format.delimiter)
    kept = [index for index, name in enumerate(header) if name and header.index(name) == index]
    rows = _Rows(table, layout, header_row=header_row, kept=kept, id_at=header.index(mapping.external_id))
    names = [header[index] for index in kept]
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("PRAGMA synchronous=OFF")
        columns = ", ".join(f"{_quoted(name)} TEXT" for name in names)
        key, clients, everybody = _quoted(mapping.external_id), _quoted(mapping.clients), _quoted(_EVERYBODY)
        database.execute(f"CREATE TABLE {clients} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
        database.execute(f"CREATE TABLE {everybody} ({key} TEXT PRIMARY KEY) WITHOUT ROWID")
        marks = ", ".join("?" * len(names))
        # The last word on an id counts.
        insert = f"INSERT OR REPLACE INTO {clients} VALUES ({marks})"  # noqa: S608 - quoted names
        note = f"INSERT OR IGNORE INTO {everybody} VALUES (?)"  # noqa: S608
        with_id = 0
        for batch in rows.batches():
            database.executemany(note, [(id_,) for id_, _cells in batch])
            database.executemany(insert, [cells for _id, cells in batch if cells is not None])
            with_id += len(batch)
        database.commit()
        (distinct,) = database.execute(f"SELECT COUNT(*) FROM {everybody}").fetchone()  # noqa: S608
    used = {*mapping.client_columns.values(), *mapping.contact_columns}
    found = SyncReport(
        without_id=rows.without_id,
        repeated=with_id - distinct,
        misfits=rows.misfits,
        ignored=tuple(titles[at].strip() for at in kept if header[at] not in used),
    )
    return Spool(path=path, mapping=mapping, everybody=_EVERYBODY, found=found)


_EVERYBODY = "todos los renglones"


class _Rows:
    """The rows below the header, each with its id and its cells, or None for one that does not line up."""

    def __init__(self, table: Table, layout: Layout, *, header_row: int, kept: Sequence[int], id_at: int) -> None:
        self.without_id = self.misfits = 0
        self._table, self._layout = table, layout
        self._header_row, self._kept, self._id_at = header_row, kept, id_at

    def batches(self) -> Iterator[list[tuple[str, list[str] | None]]]:
        rows = self._read()
        while batch := list(itertools.islice(rows, _BATCH)):
            yield batch

    def _read(self) -> Iterator[tuple[str, list[str] | None]]:
        for row, record in enumerate(self._table.rows(exact=None), start=1):
            if row <= self._header_row or _is_blank(record):
                continue
            fitted = self._layout.fit(row, record)
            cells = None if isinstance(fitted, Misfit) else [_cell(fitted, at) for at in self._kept]
            id_ = _cell(record, self._id_at)
            self.misfits += cells is None
            self.without_id += not id_
            if id_:
                yield id_, cells


def _is_blank(record: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in record)


def _mapping_for(header: Sequence[str], mapping: Mapping) -> Mapping:
    folded: dict[str, Any] = {field: _folded(column) for field, column in mapping.client_columns.items()}
    for field, names in _USUAL.items():
        if folded.get(field) == getattr(Mapping(), field) and folded[field] not in header:
            free = (name for name in names if name in header and name not in folded.values())
            folded[field] = next(free, folded[field])
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


def _cell(record: Sequence[str], at: int) -> str:
    return record[at].strip() if at < len(record) else ""


def _folded(text: str) -> str:
    """`Fecha de Alta` → `fecha_de_alta`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "") + '"'
