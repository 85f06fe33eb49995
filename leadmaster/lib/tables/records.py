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

# A hundred long cells; what has no line ends must not be read whole.
_LONGEST_LINE = 1 << 22


def text_records(source: IO[bytes], *, encoding: str, delimiter: str) -> Generator[list[str], None, None]:
    """Every record from the first one on. Raises TabularError where the file stops making sense."""
    source.seek(0)
    errors = STRAY if encoding.startswith("utf-8") else "strict"
    text = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    reader = csv.reader(_lines(text), delimiter=delimiter)
    try:
        first = next(reader, None)
        if first is not None and not declares_separator(first):
            yield first
        yield from reader
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


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines without zeros: those are debris of some export that no screen and no database takes well."""
    for line in iter(lambda: text.readline(_LONGEST_LINE), ""):
        if len(line) == _LONGEST_LINE:
            raise TabularError(
                "binary", _("Tiene una línea larguísima: no parece una planilla. Guárdala como .xlsx o CSV.")
            )
        yield line.replace("\x00", "") if "\x00" in line else line
