"""The records of a text file, in flat memory."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Generator, Iterator
from typing import IO

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.delimiters import declares_separator
from leadmaster.lib.tables.encodings import STRAY
from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.limits import MAX_COLUMNS, too_many_columns

# A hundred long cells; what has no line ends must not be read whole.
_LONGEST_RECORD = 1 << 22
# Excel's own number of columns.
_MOST_BLANKS = 16_384


def text_records(source: IO[bytes], *, encoding: str, delimiter: str) -> Generator[list[str], None, None]:
    """Every record from the first one on. Raises TabularError where the file stops making sense."""
    source.seek(0)
    errors = STRAY if encoding.startswith("utf-8") else "strict"
    text = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for number, record in enumerate(reader):
            lines.taken = 0
            if number or not declares_separator(record):
                yield record if len(record) <= MAX_COLUMNS else _without_blanks(record)
    except csv.Error as error:
        raise TabularError(
            "quotes",
            _(
                "Hay unas comillas que abren y no cierran cerca de la línea %(line)s: corrígelas y vuelve a subir el archivo."
            )
            % {"line": reader.line_num},
        ) from error
    except UnicodeError as error:
        raise TabularError(
            "encoding",
            _("El archivo está cortado o dañado cerca de la línea %(line)s: vuelve a exportarlo como CSV UTF-8.")
            % {"line": reader.line_num},
        ) from error
    finally:
        # The stream belongs to the table: the wrapper must not close it when it goes.
        with contextlib.suppress(ValueError):
            text.detach()


def _without_blanks(record: list[str]) -> list[str]:
    """A record that goes on after its last column: spreadsheets do that with separators, never with cells."""
    if len(record) > _MOST_BLANKS or any(cell.strip() for cell in record[MAX_COLUMNS:]):
        raise too_many_columns()
    return record[:MAX_COLUMNS]


class _Lines:
    """Lines without zeros: those are debris of some export that no screen and no database takes well.

    `taken` counts the characters of one record, for whoever sets it back.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_RECORD)
        if not line:
            raise StopIteration
        self.taken += len(line)
        if self.taken >= _LONGEST_RECORD:
            raise TabularError(
                "binary", _("Tiene una línea larguísima: no parece una planilla. Guárdala como .xlsx o CSV.")
            )
        return line.replace("\x00", "") if "\x00" in line else line
