"""From the records of a file to people, or to the reason why a row is none."""

from __future__ import annotations

import enum
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.audience.cells import MAX_NAME, name_in, value_in
from campaigns.audience.headers import is_header_word, is_phone_header, name_rank, phone_rank
from campaigns.audience.mapping import ColumnMapping
from campaigns.rendering import NAME_FIELDS, field_name
from leadmaster.lib.phones import parsing
from leadmaster.lib.tables.layout import Layout, Misfit


class RowReason(enum.StrEnum):
    """Why a row is left out before its phone is even looked at. Stable, like the reasons of phones."""

    BLANK = "blank"
    HIDDEN = "hidden"
    HEADER = "header"
    OTHER_TABLE = "other_table"
    TORN = "torn"
    LONG_NAME = "long_name"
    EXTRA_CELLS = Misfit.EXTRA_CELLS.value
    MISSING_CELLS = Misfit.MISSING_CELLS.value
    OPEN_QUOTES = Misfit.OPEN_QUOTES.value


_SENTENCES: dict[RowReason, Promise] = {
    RowReason.BLANK: _("La fila está vacía."),
    RowReason.HIDDEN: _("La fila está oculta en la hoja, y las ocultas quedan afuera salvo que se pidan."),
    RowReason.HEADER: _("Repite el encabezado en lugar de traer un teléfono."),
    RowReason.OTHER_TABLE: _(
        "Está debajo de otro encabezado, con otras columnas: deja una sola tabla por archivo y sube la otra aparte."
    ),
    RowReason.TORN: _("La línea de al lado parece un pedazo de esta fila: junta las dos líneas en una sola."),
    RowReason.LONG_NAME: _("El nombre tiene más de 200 caracteres: acórtalo y vuelve a subir la fila."),
    RowReason.EXTRA_CELLS: _(
        "Tiene más celdas que el encabezado: pon entre comillas el texto que contiene el separador."
    ),
    RowReason.MISSING_CELLS: _(
        "Tiene menos celdas que el encabezado y no se sabe cuál falta: agrega el separador que falta."
    ),
    RowReason.OPEN_QUOTES: _(
        "Tiene unas comillas de más o sin cerrar y no se sabe dónde termina cada dato: corrígelas."
    ),
}


# More blank rows in a row than this are said in one line.
_BLANK_LINES = 20

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


class RowReader:
    """Reads records under a confirmed mapping, each cell under the column that `layout` finds it in.

    Rows whose number is in `left_out` are hidden.
    """

    def __init__(
        self,
        *,
        mapping: ColumnMapping,
        fields: Sequence[str],
        region: str,
        layout: Layout,
        left_out: Container[int] = (),
    ) -> None:
        self._mapping = mapping
        self._fields = fields
        self._region = region
        self._layout = layout
        self._left_out = left_out
        self._columns = [(at, field) for at, field in enumerate(fields) if field not in NAME_FIELDS]
        self._header: list[str] = []
        # What the columns mean since the last header: not the same any more below another table's.
        self._below = mapping

    def read(self, records: Iterable[list[str]]) -> Iterator[Person | BadRow]:
        """One result per row below the header, in order; blank rows at the end of the file are none."""
        header_row = self._mapping.header_row or 0
        expected = header_row + 1
        before: list[str] = []
        for row, (record, after) in enumerate(_with_next(records), start=1):
            if row == header_row:
                self._header = _folded(record)
            if row < expected:
                continue
            torn = (len(before) == 1 or len(after) == 1) and self._is_torn(before, record, after)
            before = record
            if self._is_blank(record):
                continue
            yield from self._blanks(expected, row - 1)
            yield self._bad(RowReason.TORN, row=row, record=record) if torn else self._one(row, record)
            expected = row + 1

    def _is_torn(self, before: list[str], record: list[str], after: list[str]) -> bool:
        """Whether a line end in a cell without quotes cut this row: its first or last cell is in a line of its own."""
        if self._layout.free or len(record) < self._layout.width or self._layout.width < 2:
            return False
        return any(len(beside) == 1 and not self._is_blank(beside) for beside in (before, after))

    def _is_blank(self, record: list[str]) -> bool:
        """Beside the table of a sheet stands somebody's note, which makes no person of its row."""
        return not "".join(record[: self._layout.width] if self._layout.free else record).strip()

    def _blanks(self, first: int, last: int) -> Iterator[BadRow]:
        if last - first < _BLANK_LINES:
            yield from (self._bad(RowReason.BLANK, row=row, record=[]) for row in range(first, last + 1))
            return
        sentence = _t("Las filas %(first)s a %(last)s están vacías.") % {"first": first, "last": last}
        yield self._bad(RowReason.BLANK, row=first, record=[])._replace(sentence=sentence)

    def _one(self, row: int, record: list[str]) -> Person | BadRow:
        if row in self._left_out:
            return self._bad(RowReason.HIDDEN, row=row, record=record)
        if self._is_header(record):
            self._below = self._mapping if _folded(record) == self._header else _other_columns(record)
            return self._bad(RowReason.HEADER, row=row, record=record)
        cells = self._layout.fit(row, record)
        if isinstance(cells, Misfit):
            return self._bad(RowReason(cells.value), row=row, record=record)
        if self._below != self._mapping:
            return self._bad(RowReason.OTHER_TABLE, row=row, record=cells)
        return self._person(row, cells)

    def _person(self, row: int, cells: list[str]) -> Person | BadRow:
        if len(cells) < self._layout.width:
            cells = cells + [""] * (self._layout.width - len(cells))
        raw = cells[self._mapping.phone]
        phone = parsing.normalise(value_in(raw), self._region)
        name = self._name(cells)
        if isinstance(phone, parsing.InvalidPhone):
            if phone.reason is parsing.Reason.NO_DIGITS and is_phone_header(raw):
                return self._bad(RowReason.HEADER, row=row, record=cells)
            return BadRow(row=row, raw_phone=raw, name=name, code=phone.reason.value, sentence=phone.sentence)
        if len(name) > MAX_NAME:
            return self._bad(RowReason.LONG_NAME, row=row, record=cells)
        return Person(
            row=row,
            raw_phone=raw,
            phone=phone.e164,
            name=name,
            values={field: value_in(cells[at]) for at, field in self._columns},
        )

    def _is_header(self, record: list[str]) -> bool:
        """Whether the row names columns: this table's once more, or those of another one below it."""
        if _NUMBER.search(self._cell(record, self._mapping.phone)):
            return False
        return not any(_NUMBER.search(cell) for cell in record) and self._names_columns(record)

    def _names_columns(self, record: list[str]) -> bool:
        filled = [cell for cell in record if cell.strip()]
        known = [cell for cell in filled if field_name(cell) in self._fields or is_header_word(cell)]
        return len(known) > 1 and 2 * len(known) >= len(filled) and any(map(is_phone_header, known))

    def _bad(self, reason: RowReason, *, row: int, record: list[str]) -> BadRow:
        sentence = str(_SENTENCES[reason])
        if others := self._other_phones(reason, record):
            sentence += " " + _t("También trae %(phones)s.") % {"phones": others}
        return BadRow(
            row=row,
            raw_phone=self._cell(record, self._below.phone),
            name=self._name(record)[:MAX_NAME],
            code=reason.value,
            sentence=sentence,
        )

    def _other_phones(self, reason: RowReason, record: list[str]) -> str:
        """Who else stands in the same line: two rows that lost the line end between them are two people."""
        if reason is RowReason.EXTRA_CELLS:
            cells = record[self._layout.width :]
        elif reason is RowReason.OPEN_QUOTES:
            cells = [cell for at, cell in enumerate(record) if at != self._below.phone]
        else:
            return ""
        return ", ".join(cell.strip() for cell in cells if self._is_phone(cell))

    def _is_phone(self, cell: str) -> bool:
        return isinstance(parsing.normalise(cell, self._region), parsing.Phone)

    def _name(self, record: list[str]) -> str:
        return "" if self._below.name is None else name_in(self._cell(record, self._below.name))

    @staticmethod
    def _cell(record: list[str], at: int) -> str:
        return record[at] if at < len(record) else ""


# Headings count, as in "Celular 2", and say no more in digits.
_NUMBER = re.compile(r"[0-9]\D*[0-9]\D*[0-9]")


def _with_next(records: Iterable[list[str]]) -> Iterator[tuple[list[str], list[str]]]:
    """Each record and the one after it, which is empty for the last."""
    iterator = iter(records)
    record = next(iterator, None)
    while record is not None:
        after = next(iterator, None)
        yield record, after or []
        record = after


def _other_columns(header: list[str]) -> ColumnMapping:
    """Where another table has its phones and names, to say at least whose its rows are."""
    phones, names = ([rank(text) for text in header] for rank in (phone_rank, name_rank))
    return ColumnMapping(
        phone=phones.index(max(phones)), name=names.index(max(names)) if max(names) > 0 else None, header_row=None
    )


def _folded(record: list[str]) -> list[str]:
    """Headings by which two tables compare, without the blank ones at the end."""
    fields = [field_name(cell) for cell in record]
    while fields and not fields[-1]:
        fields.pop()
    return fields
