"""The records of a text file, in flat memory, and which of them have broken quotes.

A quote that doesn't close takes the next rows into its cell: whoever stands there would disappear, and the row would
say what belongs to somebody else. So records are read strictly; a line that can't be one, or that took others in, is a
`BrokenRecord` of its own, and reading goes on at the very next line.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator
from typing import IO

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.dialect import DELIMITERS, Dialect
from leadmaster.lib.tables.encodings import STRAY, mended
from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.limits import MAX_COLUMNS, too_many_columns

# A hundred long cells; what has no line ends must not be read whole.
_LONGEST_LINE = 1 << 22
# Excel's own number of columns.
_MOST_BLANKS = 16_384
# Nobody writes more lines into one cell; what seems to is a quote that never closed.
_LINES_OF_A_RECORD = 100


class BrokenRecord(list[str]):
    """A line whose quotes make no sense, cut at every separator: enough to say whose row it is, never to be used."""


def text_records(source: IO[bytes], *, encoding: str, dialect: Dialect) -> Generator[list[str], None, None]:
    """Every record from the first one on. Raises TabularError where the file stops making sense."""
    source.seek(0)
    errors = STRAY if encoding.startswith("utf-8") else "strict"
    text = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    lines = _Lines(text, encoding)
    try:
        for number, record in enumerate(parsed(lines, dialect)):
            if number or not declares_separator(record):
                yield record if len(record) <= MAX_COLUMNS else _bounded(record)
    except UnicodeError as error:
        raise TabularError(
            "encoding",
            _("El archivo está cortado o dañado cerca de la línea %(line)s: vuelve a exportarlo como CSV UTF-8.")
            % {"line": lines.number},
        ) from error
    finally:
        # The stream belongs to the table: the wrapper must not close it when it goes.
        with contextlib.suppress(ValueError):
            text.detach()


def _bounded(record: list[str]) -> list[str]:
    """A record that goes on after the last column: with nothing, as spreadsheets write it, or it is refused."""
    if len(record) > _MOST_BLANKS or any(cell.strip() for cell in record[MAX_COLUMNS:]):
        raise too_many_columns()
    return type(record)(record[:MAX_COLUMNS])


def spooled_records(source: IO[bytes]) -> Generator[list[str], None, None]:
    """The records of a UTF-8 CSV that we wrote ourselves."""
    source.seek(0)
    text = io.TextIOWrapper(source, encoding="utf-8", newline="")
    try:
        yield from csv.reader(text)
    finally:
        with contextlib.suppress(ValueError):
            text.detach()


def declares_separator(record: list[str]) -> bool:
    """Excel's own first line `sep=;`, which it never shows as a row."""
    return record in (["sep=", ""], *(["sep=" + sign] for sign in DELIMITERS))


# Zeros, marks, and what UTF-8 looks like in another encoding.
_DEBRIS = re.compile("[\x00\ufeffÃÂ]")


class _Lines:
    """Lines without zeros and marks in their midst: those are debris of some export that no screen takes well."""

    def __init__(self, text: io.TextIOWrapper, encoding: str) -> None:
        self.number = 0
        self._text = text
        self._encoding = encoding

    def __iter__(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(_LONGEST_LINE):
            self.number += 1
            if len(line) == _LONGEST_LINE:
                raise TabularError(
                    "binary", _("Tiene una línea larguísima: no parece una planilla. Guárdala como .xlsx o CSV.")
                )
            debris = "\x00" in line if line.isascii() else _DEBRIS.search(line)
            yield self._cleaned(line) if debris else line

    def _cleaned(self, line: str) -> str:
        if not self._encoding.startswith("utf"):
            line = mended(line, self._encoding)
        return line.replace("\x00", "").replace("\ufeff", "")


# --- Lines into records -----------------------------------------------------------------------------------------------


def parsed(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """The records in these lines, whose ends may be of any system. A blank line is an empty record."""
    if dialect.listed:
        return _listed(lines)
    return _Parser(lines, dialect).records()


def _listed(lines: Iterable[str]) -> Iterator[list[str]]:
    for line in lines:
        yield from ([piece] for piece in LIST_SIGNS.split(line.replace('"', "")) if piece.strip())


LIST_SIGNS = re.compile(r"[;,\t|]")


class _Parser:
    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        self._source = iter(lines)
        self._again: collections.deque[str] = collections.deque()
        self._dialect = dialect
        quote = re.escape(dialect.quote)
        self._delimiter, self._quote = dialect.delimiter, dialect.quote
        self._blanks_after_quotes = re.compile(rf"(?<={quote}) +(?={re.escape(dialect.delimiter)}|[\r\n]*$)")

    def records(self) -> Iterator[list[str]]:
        delimiter, quote, spaced = self._delimiter, self._quote, self._dialect.spaced
        again, source = self._again, self._source
        while (line := again.popleft() if again else next(source, None)) is not None:
            if quote in line:
                record = self._quoted(line)
                yield self._unwrapped(record) if self._dialect.wrapped else record
                continue
            line = line.rstrip("\r\n")
            cells = line.split(delimiter) if line else []
            yield [cell.lstrip(" ") for cell in cells] if spaced else cells

    def _next_line(self) -> str | None:
        return self._again.popleft() if self._again else next(self._source, None)

    def _quoted(self, first: str) -> list[str]:
        """The record that begins with this line, which has quotes."""
        record = self._strict([first])
        if record is not None:
            return BrokenRecord(self._naive(first)) if self._has_stray_quote(first, record) else record
        for escaped in (False, True):
            if escaped and "\\" + self._quote not in first:
                continue
            taken: list[str] = []
            record = self._strict(self._following(first, taken), escaped=escaped)
            if record is not None and not (taken and self._is_wrong(record, "".join([first, *taken]))):
                return record
            self._again.extendleft(reversed(taken))
        return BrokenRecord(self._naive(first))

    def _is_wrong(self, record: list[str], text: str) -> bool:
        """Whether a record of several lines is rather several records."""
        if self._dialect.wrapped and len(record) == 1:
            return False
        return self._took_rows(record) or self._has_stray_quote(text, record)

    def _following(self, first: str, taken: list[str]) -> Iterator[str]:
        """This line and, while somebody asks, those after it, which are noted in `taken`."""
        yield first
        room = _LONGEST_LINE
        while len(taken) < _LINES_OF_A_RECORD and room > 0 and (line := self._next_line()) is not None:
            taken.append(line)
            room -= len(line)
            yield line

    def _strict(self, lines: Iterable[str], *, escaped: bool = False) -> list[str] | None:
        """The one record that the lines begin with; None when its quotes are not as they have to be."""
        if escaped:
            # MySQL and programmers write `\"`. A backslash before anything else is just that: `\N`, `C:\temp`.
            lines = (_BACKSLASH.sub(lambda found: found[1] or "\\\\", line) for line in lines)
        elif self._dialect.spaced:
            lines = (self._blanks_after_quotes.sub("", line) for line in lines)
        try:
            return next(
                csv.reader(
                    lines,
                    delimiter=self._delimiter,
                    quotechar=self._quote,
                    escapechar="\\" if escaped else None,
                    skipinitialspace=self._dialect.spaced,
                    strict=True,
                ),
                None,
            )
        except csv.Error:
            return None

    def _naive(self, line: str) -> list[str]:
        return [cell.strip().strip(self._quote) for cell in line.rstrip("\r\n").split(self._delimiter)]

    def _has_stray_quote(self, text: str, record: list[str]) -> bool:
        """An unquoted cell with a quote too many, such as `12000"`: what it lost nobody knows."""
        odd = {cell for cell in record if cell.count(self._quote) % 2}
        return bool(odd) and not odd.isdisjoint(text.rstrip("\r\n").split(self._delimiter))

    def _took_rows(self, record: list[str]) -> bool:
        """Whether a record of several lines has other rows in its cells.

        What a row leaves out between the quote that opens and the one that closes shows in the separators: before the
        first line end there are those that this row lacks, after the last one those that the other row had before.
        """
        if self._dialect.width > 1 and len(record) != self._dialect.width:
            return True
        return any(
            "\n" in cell.replace("\r", "\n") and self._delimiter in cell and self._is_rows(cell, at, len(record))
            for at, cell in enumerate(record)
        )

    def _is_rows(self, cell: str, at: int, width: int) -> bool:
        lines = re.split(r"\r\n|\r|\n", cell)
        counts = [line.count(self._delimiter) for line in lines]
        if (counts[0] >= width - 1 - at and counts[-1] >= at) or any(count >= width - 1 for count in counts[1:-1]):
            return True
        pieces = (piece for line in lines if self._delimiter in line for piece in line.split(self._delimiter))
        return any(LIKE_A_PHONE.fullmatch(piece.strip()) for piece in pieces)

    def _unwrapped(self, record: list[str]) -> list[str]:
        if len(record) != 1 or self._delimiter not in record[0] or isinstance(record, BrokenRecord):
            return record
        inner = self._strict([record[0]])
        return BrokenRecord(self._naive(record[0])) if inner is None else inner


_BACKSLASH = re.compile(r"(\\[\\\"'])|\\")
# Wide on purpose, and of no country: a row's number in somebody else's cell.
LIKE_A_PHONE = re.compile(r"\+?\(?(?:[0-9][ ().\-/]*){8,15}")
