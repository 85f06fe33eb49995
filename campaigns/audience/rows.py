"""From the records of a file to people, or to the reason why a row is none."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.audience.mapping import ColumnMapping, is_phone_header
from campaigns.rendering import NAME_FIELDS
from leadmaster.lib.phones import parsing

MAX_NAME = 200


class RowReason(enum.StrEnum):
    """Why a row is left out before its phone is even looked at. Stable, like the reasons of phones."""

    BLANK = "blank"
    HEADER = "header"
    EXTRA_CELLS = "extra_cells"
    OPEN_QUOTES = "open_quotes"


_SENTENCES: dict[RowReason, Promise] = {
    RowReason.BLANK: _("La fila está vacía."),
    RowReason.HEADER: _("Repite el encabezado en lugar de traer un teléfono."),
    RowReason.EXTRA_CELLS: _(
        "Tiene más celdas que el encabezado: pon entre comillas el texto que contiene el separador."
    ),
    RowReason.OPEN_QUOTES: _("Unas comillas sin cerrar juntaron varias líneas en esta fila: corrígelas."),
}


# Named tuples, here and for what follows from them: a frozen dataclass takes four times as long to make.


class Person(NamedTuple):
    """A row with a phone that exists. `values` has the file's columns by placeholder."""

    row: int
    raw_phone: str
    phone: str
    name: str
    values: dict[str, str]


class BadRow(NamedTuple):
    row: int
    raw_phone: str
    name: str
    code: str
    sentence: str


def _is_blank(record: list[str]) -> bool:
    return not "".join(record).strip()


class RowReader:
    """Reads records under a confirmed mapping. `delimiter` is empty when the file had none."""

    def __init__(self, *, mapping: ColumnMapping, fields: Sequence[str], region: str, delimiter: str) -> None:
        self._mapping = mapping
        self._fields = fields
        self._region = region
        self._delimiter = delimiter
        self._columns = [(at, field) for at, field in enumerate(fields) if field not in NAME_FIELDS]

    def read(self, records: Iterable[list[str]]) -> Iterator[Person | BadRow]:
        """One result per row below the header, in order; blank rows at the end of the file are none."""
        expected = (self._mapping.header_row or 0) + 1
        for row, record in enumerate(records, start=1):
            if row < expected or _is_blank(record):
                continue
            for blank in range(expected, row):
                yield self._bad(RowReason.BLANK, row=blank, record=[])
            yield self._one(row, record)
            expected = row + 1

    def _one(self, row: int, record: list[str]) -> Person | BadRow:
        phone = parsing.normalise(self._cell(record, self._mapping.phone), self._region)
        # In a workbook nothing can shift: what stands to the right of the table is somebody's note.
        if (
            self._delimiter
            and len(record) > len(self._fields)
            and any(cell.strip() for cell in record[len(self._fields) :])
        ):
            return self._bad(RowReason.EXTRA_CELLS, row=row, record=record)
        if self._swallowed_lines(record):
            return self._bad(RowReason.OPEN_QUOTES, row=row, record=record)
        if isinstance(phone, parsing.InvalidPhone):
            return self._no_phone(phone, row=row, record=record)
        return Person(
            row=row,
            raw_phone=self._cell(record, self._mapping.phone),
            phone=phone.e164,
            name=self._name(record),
            values={field: self._cell(record, at).strip() for at, field in self._columns},
        )

    def _no_phone(self, phone: parsing.InvalidPhone, *, row: int, record: list[str]) -> BadRow:
        raw = self._cell(record, self._mapping.phone)
        if phone.reason is parsing.Reason.NO_DIGITS and is_phone_header(raw):
            return self._bad(RowReason.HEADER, row=row, record=record)
        return BadRow(row=row, raw_phone=raw, name=self._name(record), code=phone.reason.value, sentence=phone.sentence)

    def _bad(self, reason: RowReason, *, row: int, record: list[str]) -> BadRow:
        return BadRow(
            row=row,
            raw_phone=self._cell(record, self._mapping.phone),
            name=self._name(record),
            code=reason.value,
            sentence=str(_SENTENCES[reason]),
        )

    def _swallowed_lines(self, record: list[str]) -> bool:
        """A cell of several lines with somebody's phone between separators: quotes that opened here closed in a later
        row, and the people in between would silently be part of this one's data."""
        if not self._delimiter or "\n" not in "".join(record):
            return False
        pieces = (
            piece
            for cell in record
            if "\n" in cell
            for line in cell.splitlines()
            if self._delimiter in line
            for piece in line.split(self._delimiter)
        )
        return any(isinstance(parsing.normalise(piece, self._region), parsing.Phone) for piece in pieces)

    def _name(self, record: list[str]) -> str:
        return "" if self._mapping.name is None else " ".join(self._cell(record, self._mapping.name).split())[:MAX_NAME]

    @staticmethod
    def _cell(record: list[str], at: int) -> str:
        return record[at] if at < len(record) else ""
