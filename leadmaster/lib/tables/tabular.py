"""Tables as people's spreadsheets write them: CSV in any usual encoding and separator, and XLSX, row by row.

`open_table` finds out what the file is; `Table.rows` then streams its records, as often as asked, in flat memory.
A record's number is the one that a spreadsheet shows beside it: the first record is row 1, blank ones count.
"""

from __future__ import annotations

import codecs
import collections
import contextlib
import csv
import dataclasses
import io
import itertools
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from django.utils.translation import gettext_lazy as _

from leadmaster.lib import xlsx
from leadmaster.lib.tables.errors import TabularError

__all__ = ["Format", "Table", "TabularError", "open_table"]

DELIMITERS = (";", ",", "\t", "|")
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_ROWS = 60
_CHUNK = 1 << 20
# A hundred long cells; what has no line ends must not be read whole.
_LONGEST_LINE = 1 << 22


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """What the file turned out to be. `encoding` and `delimiter` are empty for a workbook, `sheet` for a CSV."""

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


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
        if self.format.kind == "xlsx":
            self._spool = self._spool or xlsx.spool(self._source, decimal=self._decimal)
            return _records(self._spool, encoding="utf-8", delimiter=",")
        return _records(self._source, encoding=self.format.encoding, delimiter=self.format.delimiter)

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
        return Table(stream, _recognise(stream), owned=owned, decimal=decimal)
    except BaseException:
        if owned:
            stream.close()
        raise


# --- What is it? ------------------------------------------------------------------------------------------------------

_OTHER_FORMATS = (
    (
        b"\xd0\xcf\x11\xe0",
        "old_excel",
        _(
            "Es un libro de Excel antiguo (.xls) o con contraseña: ábrelo y guárdalo como .xlsx sin contraseña o como CSV."
        ),
    ),
    (b"%PDF", "pdf", _("Es un PDF: pide la planilla original y guárdala como .xlsx o CSV.")),
    (b"\x1f\x8b", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
    (b"Rar!", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
    (b"7z\xbc\xaf", "compressed", _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|head)\b", re.I)


def _recognise(stream: IO[bytes]) -> Format:
    stream.seek(0)
    head = stream.read(_SAMPLE_BYTES)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise TabularError("empty", _("El archivo está vacío: elige el que tiene los destinatarios."))
    if head.startswith(b"PK\x03\x04"):
        return Format(kind="xlsx", sheet=xlsx.sheet_name(stream))
    for magic, code, sentence in _OTHER_FORMATS:
        if head.startswith(magic):
            raise TabularError(code, sentence)
    if _MARKUP.match(head):
        raise TabularError(
            "markup", _("Es una página web con nombre de planilla: ábrela en Excel y guárdala como .xlsx o CSV.")
        )
    encoding = _encoding(stream, head)
    return Format(kind="csv", encoding=encoding, delimiter=_delimiter(stream, encoding))


def _encoding(stream: IO[bytes], head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        return _utf16_without_mark(head)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-8" if _is_utf8(stream) else _single_byte(stream)


def _utf16_without_mark(head: bytes) -> str:
    """Western text in UTF-16 has a zero in nearly every second byte; anything else with zeros is no text."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > len(head) * 0.3 and others < len(head) * 0.02:
            return encoding
    raise TabularError("binary", _("No es una planilla ni un texto: guárdala como .xlsx o CSV y vuelve a intentarlo."))


def _is_utf8(stream: IO[bytes]) -> bool:
    """Whether the whole file is UTF-8, but for bytes that a careless paste left in it."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _mostly_utf8(stream)
    return True


_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = bytes(range(0x80, 0x100))


def _mostly_utf8(stream: IO[bytes]) -> bool:
    whole = stray = 0
    stream.seek(0)
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        rest, sequences = _SEQUENCE.subn(b"", chunk)
        whole += sequences
        stray += len(rest) - len(rest.translate(None, _HIGH))
    return whole > 10 * stray


# The letters that Spanish and Portuguese need. Lower case weighs more: names are mostly lower case, and a wrong
# code page turns one into the other.
_WEIGHT = dict.fromkeys("ÁÉÍÓÚÑÜÃÕÂÊÔÀÇ", 1) | dict.fromkeys("áéíóúñüãõâêôàçºª¿¡", 3)


def _single_byte(stream: IO[bytes]) -> str:
    """Windows' code page unless the letters say that DOS or an old Mac wrote the file."""
    counts: collections.Counter[int] = collections.Counter()
    stream.seek(0)
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        counts.update(byte for byte in chunk if byte >= 0x80)

    def score(encoding: str) -> int:
        return sum(_WEIGHT.get(bytes([byte]).decode(encoding, "replace"), -1) * n for byte, n in counts.items())

    best = max(("cp1252", "cp850", "mac-roman"), key=score)
    if best == "cp1252" and counts.keys() & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:
        return "latin-1"
    return best


def _delimiter(stream: IO[bytes], encoding: str) -> str:
    """The separator that cuts the first records into the same number of cells, and into the most."""
    stream.seek(0)
    text = codecs.getincrementaldecoder(encoding)(_STRAY).decode(stream.read(_SAMPLE_BYTES))
    declared = re.match(r"\ufeff?sep=(.)\r?\n", text)
    if declared:
        return declared[1]
    whole_lines = text[: text.rfind("\n") + 1] or text

    def score(delimiter: str) -> tuple[float, int]:
        widths = _widths(whole_lines, delimiter)
        width, alike = collections.Counter(widths).most_common(1)[0] if widths else (1, 0)
        if width < 2:
            return 0.0, 1
        # What the first record lacks is most likely a sign inside later cells, unless that record is only a title.
        doubt = 2 if widths[0] < 2 else 1
        return alike / len(widths) / doubt, width

    best = max(DELIMITERS, key=score)
    return best if score(best)[1] > 1 else ","


def _widths(text: str, delimiter: str) -> list[int]:
    try:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [len(record) for record in itertools.islice(records, _SAMPLE_ROWS) if record]
    except csv.Error:
        return []


# --- Its records ------------------------------------------------------------------------------------------------------


def _stray_byte(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 in a file that otherwise is: what Windows would have meant by it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_STRAY = "leadmaster-stray-byte"
codecs.register_error(_STRAY, _stray_byte)


def _records(source: IO[bytes], *, encoding: str, delimiter: str) -> Generator[list[str], None, None]:
    source.seek(0)
    errors = _STRAY if encoding.startswith("utf-8") else "strict"
    text = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    reader = csv.reader(_lines(text), delimiter=delimiter)
    try:
        first = next(reader, None)
        if first is not None and not _declares_separator(first):
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


def _declares_separator(record: list[str]) -> bool:
    """Excel's own first line `sep=;`, which it never shows as a row."""
    return record in (["sep=", ""], *(["sep=" + sign] for sign in DELIMITERS))
