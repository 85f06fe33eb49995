"""Tables as people's spreadsheets write them: CSV in any usual encoding and separator, and XLSX, row by row.

`open_table` finds out what the file is; `Table.rows` then streams its records, as often as asked, in flat memory.
A record's number is the one that a spreadsheet shows beside it: the first record is row 1, blank ones count.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from django.utils.translation import gettext_lazy as _

from leadmaster.lib import xlsx
from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.formats import Format, recognise
from leadmaster.lib.tables.records import spooled_records, text_records

__all__ = ["Format", "Table", "TabularError", "open_table"]


class Table:
    """An open table. Use it as a context manager; it closes only what it opened itself."""

    def __init__(self, source: IO[bytes], form: Format, *, owned: bool, decimal: str) -> None:
        self.format = form
        self._source = source
        self._owned = owned
        self._decimal = decimal
        self._spool: IO[bytes] | None = None

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

    def head(self, limit: int) -> list[list[str]]:
        """The first records, without reading further than needed."""
        if self.format.kind == "xlsx" and not self._spool:
            with contextlib.closing(xlsx.rows(self._source, decimal=self._decimal)) as records:
                return list(itertools.islice(records, limit))
        with contextlib.closing(self.rows()) as records:
            return list(itertools.islice(records, limit))

    def rows(self) -> Generator[list[str], None, None]:
        """Every record from the first one on. Raises TabularError where the file stops making sense."""
        if self.format.dialect is None:
            self._spool = self._spool or xlsx.spool(self._source, decimal=self._decimal)
            return spooled_records(self._spool)
        return text_records(self._source, encoding=self.format.encoding, dialect=self.format.dialect)

    def count(self) -> int:
        """The number of records; proves on the way that the whole file can be read."""
        return sum(1 for _record in self.rows())


def open_table(source: Path | IO[bytes], *, decimal: str = ",") -> Table:
    """The table in a file or in a seekable binary stream. Raises TabularError with what to do instead.

    `decimal` is the sign that numbers of a workbook are written with.
    """
    owned = isinstance(source, Path)
    try:
        stream = source.open("rb") if isinstance(source, Path) else source
    except OSError as error:
        raise TabularError("unreadable", _("No se pudo abrir el archivo: revisa la ruta y los permisos.")) from error
    try:
        return Table(stream, recognise(stream), owned=owned, decimal=decimal)
    except BaseException:
        if owned:
            stream.close()
        raise
