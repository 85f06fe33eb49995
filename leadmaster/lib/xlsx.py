"""The first sheet with data of an Excel workbook as rows of text, in flat memory.

openpyxl would stream the sheet but keep every shared string and every row's element: a million names weigh hundreds
of megabytes there. So the two big parts are read by expat as they come out of the archive and shared strings wait on
disk; what is small and full of cases (number formats, date serials) is asked of openpyxl.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import itertools
import posixpath
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import IO, cast
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from leadmaster.lib.tabular_errors import TabularError
from leadmaster.lib.xlsx_strings import StringStore

# Excel's own limits; also what keeps a forged position from producing cells for ever.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CELL = 1 << 20
# A million rows of ten columns stay well below; a small archive that unpacks to more is no list of people.
MAX_UNPACKED = 3 << 30
_CHUNK = 1 << 16

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
        return _Book(book).sheet[0]


def rows(source: IO[bytes], *, decimal: str = ",") -> Generator[list[str], None, None]:
    """Every row of the sheet from row 1 on, gaps included; numbers are written with `decimal`."""
    with _readable(source) as archive:
        book = _Book(archive)
        with contextlib.closing(StringStore()) as strings:
            if book.strings_path:
                strings.fill(_texts(archive, book.strings_path))
            cell_text = _CellText(strings, date_styles=book.date_styles, epoch=book.epoch, decimal=decimal)
            yield from _sheet_rows(archive, book.sheet[1], cell_text)


def spool(source: IO[bytes], *, decimal: str = ",") -> IO[bytes]:
    """The sheet as a temporary UTF-8 CSV: it can be read again and again at a CSV's speed."""
    target = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - the caller closes it
    try:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="")
        csv.writer(text).writerows(rows(source, decimal=decimal))
        text.flush()
        text.detach()
    except BaseException:
        target.close()
        raise
    return cast(IO[bytes], target)


# --- The workbook around the sheet ------------------------------------------------------------------------------------


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


class _Book:
    """What the sheet's cells refer to."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._relations = self._read_relations()
        self.epoch = CALENDAR_WINDOWS_1900
        sheets: list[tuple[str, str]] = []
        for tag, attributes in _elements(archive, "xl/workbook.xml"):
            if tag == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.epoch = CALENDAR_MAC_1904
            if tag == "sheet" and attributes.get("state", "visible") == "visible":
                relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, path = self._relations.get(relation, ("", ""))
                if kind == "worksheet":
                    sheets.append((attributes.get("name", ""), path))
        self.strings_path = next((path for kind, path in self._relations.values() if kind == "sharedStrings"), "")
        self.date_styles = self._read_date_styles()
        self.sheet = self._first_with_data(sheets)

    def _read_relations(self) -> dict[str, tuple[str, str]]:
        """Of each relation id the kind and the member's path."""
        return {
            attributes["Id"]: (
                attributes["Type"].rpartition("/")[2],
                posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/"),
            )
            for tag, attributes in _elements(self._archive, "xl/_rels/workbook.xml.rels")
            if tag == "Relationship"
        }

    def _read_date_styles(self) -> frozenset[str]:
        """The cell styles whose numbers are dates."""
        path = next((path for kind, path in self._relations.values() if kind == "styles"), "")
        formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        styles: list[str] = []
        inside = False
        for tag, attributes in _elements(self._archive, path) if path else ():
            if tag == "numFmt":
                formats[attributes["numFmtId"]] = attributes.get("formatCode", "")
            elif tag in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
                inside = tag == "cellXfs"
            elif tag == "xf" and inside:
                styles.append(attributes.get("numFmtId", "0"))
        return frozenset(str(at) for at, number in enumerate(styles) if is_date_format(formats.get(number)))

    def _first_with_data(self, sheets: list[tuple[str, str]]) -> tuple[str, str]:
        if not sheets:
            raise TabularError("no_sheet", _("El libro no tiene ninguna hoja visible con datos."))
        for name, path in sheets:
            if any(tag in {"v", "is"} for tag, _attributes in itertools.islice(_elements(self._archive, path), 5000)):
                return name, path
        return sheets[0]


# --- XML as it comes out of the archive -------------------------------------------------------------------------------


def _parse(
    archive: zipfile.ZipFile,
    path: str,
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Calls the handlers with names without their prefix; yields between chunks, so that results can flow."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end:
        finish = end
        parser.EndElementHandler = lambda name: finish(name.rpartition(":")[2])
    if text:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with archive.open(path) as member:
        for chunk in iter(lambda: member.read(_CHUNK), b""):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
        yield


def _refuse_doctype(*_arguments: object) -> None:
    """No spreadsheet writes one; entity bombs need one."""
    raise ValueError("document type declaration")


def _elements(archive: zipfile.ZipFile, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for _chunk in _parse(archive, path, start=lambda tag, attributes: found.append((tag, attributes))):
        yield from found
        found.clear()


class _TextCollector:
    """The text of `<t>` and `<v>`, without the reading aids (`<rPh>`) of East Asian text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._open = False
        self._aids = 0

    def start(self, tag: str) -> None:
        self._aids += tag == "rPh"
        self._open = tag in {"t", "v"} and not self._aids

    def end(self, tag: str) -> None:
        self._aids -= tag == "rPh"
        self._open = False

    def text(self, data: str) -> None:
        if not self._open:
            return
        self._size += len(data)
        if self._size > MAX_CELL:
            raise ValueError("cell too long")
        self._parts.append(data)

    def take(self) -> str:
        whole = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), whole) if "_x" in whole else whole


_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def _texts(archive: zipfile.ZipFile, path: str) -> Iterator[str]:
    """The shared strings in their order."""
    collector = _TextCollector()
    done: list[str] = []

    def end(tag: str) -> None:
        collector.end(tag)
        if tag == "si":
            done.append(collector.take())

    for _chunk in _parse(
        archive, path, start=lambda tag, _attributes: collector.start(tag), end=end, text=collector.text
    ):
        yield from done
        done.clear()


class _CellText:
    """A cell's stored value as the text that a person reads in it."""

    def __init__(self, strings: StringStore, *, date_styles: frozenset[str], epoch: dt.datetime, decimal: str) -> None:
        self._strings = strings
        self._date_styles = date_styles
        self._epoch = epoch
        self._decimal = decimal

    def __call__(self, value: str, *, kind: str, style: str) -> str:
        if kind == "s":
            return self._strings[int(value)] if value else ""
        if kind in {"str", "inlineStr"}:
            return value
        if kind == "b":
            return "Sí" if value == "1" else "No"
        if kind == "e" or not value:
            return ""
        if kind == "d":
            return _date_text(dt.datetime.fromisoformat(value))
        return self._number(value, is_date=style in self._date_styles)

    def _number(self, value: str, *, is_date: bool) -> str:
        if value.isascii() and value.isdigit() and not is_date:
            return value
        number = float(value)
        if is_date:
            try:
                return _date_text(from_excel(number, self._epoch))
            except (OverflowError, ValueError):
                return ""
        if number.is_integer() and abs(number) < 1e15:
            return str(int(number))
        return format(number, ".15g").replace(".", self._decimal)


def _date_text(value: dt.datetime | dt.date | dt.time | dt.timedelta | None) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M" if value.time() != dt.time() else "%d/%m/%Y")
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return "" if value is None else str(value)


def _sheet_rows(archive: zipfile.ZipFile, path: str, cell_text: _CellText) -> Iterator[list[str]]:
    sheet = _Sheet(cell_text)
    for _chunk in _parse(archive, path, start=sheet.start, end=sheet.end, text=sheet.collector.text):
        for number, cells in sheet.done:
            for _gap in range(sheet.yielded + 1, number):
                yield []
            yield cells
            sheet.yielded = max(number, sheet.yielded + 1)
        sheet.done.clear()


class _Sheet:
    """Puts cells into their rows as the parser meets them."""

    def __init__(self, cell_text: _CellText) -> None:
        self.collector = _TextCollector()
        self.done: list[tuple[int, list[str]]] = []
        self.yielded = 0
        self._cell_text = cell_text
        self._number = 0
        self._cells: list[str] = []
        self._column = 0
        self._kind = self._style = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._number = int(attributes.get("r", self._number + 1))
            if self._number > MAX_ROWS:
                raise ValueError("row beyond the limit of a sheet")
            self._cells = []
            self._column = 0
        elif tag == "c":
            reference = attributes.get("r")
            self._column = _column(reference) if reference else self._column + 1
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "0")
        else:
            self.collector.start(tag)

    def end(self, tag: str) -> None:
        if tag == "c":
            self._place(self._cell_text(self.collector.take(), kind=self._kind, style=self._style))
        elif tag == "row":
            self.done.append((self._number, self._cells))
        else:
            self.collector.end(tag)

    def _place(self, text: str) -> None:
        missing = self._column - 1 - len(self._cells)
        if missing >= 0:
            self._cells.extend([""] * missing)
            self._cells.append(text)
        else:
            self._cells[self._column - 1] = text


def _column(reference: str) -> int:
    """`C7` is the third."""
    number = 0
    for char in reference:
        if not char.isalpha():
            break
        number = number * 26 + ord(char.upper()) - 64
    if not 1 <= number <= MAX_COLUMNS:
        raise ValueError(f"no such column: {reference}")
    return number
