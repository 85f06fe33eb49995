"""The first sheet with data of an Excel workbook as rows of text, in flat memory.

openpyxl would stream the sheet but keep every shared string and every row's element: a million names weigh hundreds
of megabytes there. So the two big parts are read by expat as they come out of the archive and shared strings wait on
disk; what is small and full of cases (number formats, date serials) is asked of openpyxl.
"""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from typing import IO, cast
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.xlsx.book import Book
from leadmaster.lib.xlsx.sheet import CellText, sheet_rows
from leadmaster.lib.xlsx.strings import StringStore, shared_texts

# A million rows of ten columns stay well below; a small archive that unpacks to more is no list of people.
MAX_UNPACKED = 3 << 30

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,  # a compression that no spreadsheet uses
    OverflowError,
    RuntimeError,  # an encrypted member
    ValueError,
)


def sheet_name(source: IO[bytes]) -> str:
    """The sheet that `rows` reads: the first visible one with something in it. Raises TabularError."""
    with _readable(source) as book:
        return Book(book).sheet[0]


def rows(source: IO[bytes], *, decimal: str = ",") -> Generator[list[str], None, None]:
    """Every row of the sheet from row 1 on, gaps included; numbers are written with `decimal`."""
    with _readable(source) as archive:
        book = Book(archive)
        texts = shared_texts(archive, book.strings_path) if book.strings_path else ()
        with contextlib.closing(StringStore(texts)) as strings:
            cell_text = CellText(strings, date_styles=book.date_styles, epoch=book.epoch, decimal=decimal)
            yield from sheet_rows(archive, book.sheet[1], cell_text)


def spool(source: IO[bytes], *, decimal: str = ",") -> IO[bytes]:
    """The sheet as a temporary UTF-8 CSV: it can be read again and again at a CSV's speed."""
    target = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - the caller closes it
    try:
        text = io.TextIOWrapper(target, encoding="utf-8", errors="replace", newline="")
        csv.writer(text).writerows(rows(source, decimal=decimal))
        text.flush()
        text.detach()
    except BaseException:
        target.close()
        raise
    return cast(IO[bytes], target)


@contextlib.contextmanager
def _readable(source: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """The archive; whatever is broken in it becomes one TabularError."""
    try:
        source.seek(0)
        with zipfile.ZipFile(source) as archive:
            _check_kind(archive)
            yield archive
    except _BROKEN as error:
        raise TabularError(
            "damaged",
            _("El libro de Excel está dañado: ábrelo en Excel, guárdalo de nuevo como .xlsx y vuelve a subirlo."),
        ) from error


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise TabularError("xlsb", _("Es un libro binario de Excel (.xlsb): guárdalo como .xlsx o CSV."))
    if "content.xml" in names:
        raise TabularError("ods", _("Es una planilla de LibreOffice (.ods): guárdala como .xlsx o CSV."))
    if "xl/workbook.xml" not in names:
        raise TabularError("compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro."))
    if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
        raise TabularError("too_big", _("El libro es demasiado grande al descomprimirlo: guarda la hoja como CSV."))
