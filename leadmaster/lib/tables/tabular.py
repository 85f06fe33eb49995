"""Tables as people's spreadsheets write them: CSV in any usual encoding and separator, and XLSX, row by row.

`open_table` finds out what the file is; `Table.rows` then streams its records, as often as asked, in flat memory.
A record's number is the one that a spreadsheet shows beside it: the first record is row 1, blank ones count.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Collection, Generator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

from django.utils.translation import gettext_lazy as _

from leadmaster.lib import xlsx
from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.formats import Format, recognise
from leadmaster.lib.tables.records import spooled_records, text_records

# None is all of them.
Columns: TypeAlias = Collection[int] | None

__all__ = ["Format", "Table", "TabularError", "open_table"]


class Table:
    """An open table. Use it as a context manager; it closes only what it opened itself."""

    def __init__(self, source: IO[bytes], form: Format, *, owned: bool, decimal: str) -> None:
        self.format = form
        self._source = source
        self._owned = owned
        self._decimal = decimal
        self._spool: IO[bytes] | None = None
        self._head: tuple[int, list[list[str]]] | None = None
        self._notes = xlsx.SheetNotes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._spool:
            self._spool.close()
        if self._owned:
            self._source.close()

    def turn_to(self, sheet: str) -> None:
        """Read this sheet of the workbook from now on."""
        if sheet == self.format.sheet:
            return
        self.format = dataclasses.replace(self.format, sheet=sheet)
        if self._spool:
            self._spool.close()
        self._spool, self._head, self._notes = None, None, xlsx.SheetNotes()

    @property
    def notes(self) -> xlsx.SheetNotes:
        """What the sheet says about its rows, as far as it was read; nothing for a text."""
        return self._notes

    def head(self, limit: int, *, exact: Columns = ()) -> list[list[str]]:
        """The first records, without reading further than needed. Of a sheet, blank ones above them don't count."""
        if self.format.kind == "xlsx":
            return [_with_texts(record, exact) for record in self._look(limit)]
        with contextlib.closing(self.rows()) as records:
            return list(itertools.islice(records, limit))

    def rows(self, *, exact: Columns = ()) -> Generator[list[str], None, None]:
        """Every record from the first one on. Raises TabularError where the file stops making sense.

        The cells of a sheet read as they are shown there; those in the columns `exact` (all of them, if None) with all
        their digits.
        """
        if self.format.dialect is None:
            return self._sheet_rows(exact)
        return text_records(self._source, encoding=self.format.encoding, dialect=self.format.dialect)

    def count(self) -> int:
        """The number of records; proves on the way that the whole file can be read."""
        return sum(1 for _record in self.rows())

    def _look(self, limit: int) -> list[list[str]]:
        """The first records of the sheet with both texts of their cells, asked of the workbook once."""
        if self._head is None or self._head[0] < limit:
            head = xlsx.look(self._source, sheet=self.format.sheet, decimal=self._decimal, limit=limit)
            self._head = limit, head.records
            self._notes = self._notes if self._spool else head.notes
        return self._head[1]

    def _sheet_rows(self, exact: Columns) -> Generator[list[str], None, None]:
        if not self._spool:
            notes = xlsx.SheetNotes()
            self._spool = xlsx.spool(self._source, sheet=self.format.sheet, decimal=self._decimal, notes=notes)
            self._notes = notes
        for record in spooled_records(self._spool):
            yield _with_texts(record, exact)


def _with_texts(record: list[str], exact: Columns) -> list[str]:
    if not any(xlsx.SECOND_TEXT in cell for cell in record):
        return record
    return [xlsx.exact(cell) if exact is None or at in exact else xlsx.as_shown(cell) for at, cell in enumerate(record)]


def open_table(source: Path | IO[bytes], *, decimal: str = ",", sheet: str = "") -> Table:
    """The table in a file or in a seekable binary stream. Raises TabularError with what to do instead.

    `decimal` is the sign that numbers of a workbook are written with, `sheet` the one of its sheets to read.
    """
    owned = isinstance(source, Path)
    try:
        stream = source.open("rb") if isinstance(source, Path) else source
    except OSError as error:
        raise TabularError("unreadable", _("No se pudo abrir el archivo: revisa la ruta y los permisos.")) from error
    try:
        return Table(stream, recognise(stream, sheet=sheet), owned=owned, decimal=decimal)
    except BaseException:
        if owned:
            stream.close()
        raise
