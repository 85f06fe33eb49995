"""The sheets of an Excel workbook as rows of text, in flat memory and for bounded work.

openpyxl would stream a sheet but keep every shared string and every row's element: a million names weigh hundreds of
megabytes there. So the two big parts are read by expat as they come out of the archive and shared strings wait on
disk. `limits` has what a workbook may cost, `cells` and `number_format` how its values read.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import tempfile
from collections.abc import Generator
from typing import IO, cast

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.xlsx.archive import Archive, opened
from leadmaster.lib.xlsx.book import Book, SheetPart
from leadmaster.lib.xlsx.cells import CellText, as_shown, exact
from leadmaster.lib.xlsx.notes import RowSet, SheetNotes
from leadmaster.lib.xlsx.sheet import sheet_rows
from leadmaster.lib.xlsx.strings import StringStore, shared_texts
from leadmaster.lib.xlsx.xml import SECOND_TEXT, elements

__all__ = [
    "SECOND_TEXT",
    "Head",
    "RowSet",
    "SheetNotes",
    "Sheets",
    "as_shown",
    "exact",
    "look",
    "rows",
    "sheets",
    "spool",
]

# A look is over when it has its rows and has met so many tags: some tenths of a second.
LOOK_TAGS = 300_000
# Blank rows above the first person, at most.
_LOOK_ROWS = 5_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheets:
    """The visible sheets by name in their order, and the one to read unless somebody chooses another: the one that the
    book opens with, or the first one with something in it. `unpacked` is the size of all its parts."""

    names: tuple[str, ...]
    proposed: str
    unpacked: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Head:
    """The first records of a sheet, and what was noted on the way."""

    records: list[list[str]]
    notes: SheetNotes


def sheets(source: IO[bytes]) -> Sheets:
    """Raises TabularError when it is no workbook, or has nothing in it."""
    with opened(source) as archive:
        book = Book(archive)
        others = [sheet for sheet in book.sheets if sheet is not book.active]
        for sheet in [*([book.active] if book.active else []), *others]:
            if _has_data(archive, sheet):
                names = tuple(sheet.name for sheet in book.sheets)
                return Sheets(names=names, proposed=sheet.name, unpacked=archive.unpacked)
        raise _empty()


def rows(
    source: IO[bytes], *, sheet: str = "", decimal: str = ",", notes: SheetNotes | None = None
) -> Generator[list[str], None, None]:
    """Every row of the sheet from row 1 on, gaps included; numbers are written with `decimal`.

    Cells that show another text than their own have both: `as_shown` and `exact` tell which is which.
    """
    with opened(source) as archive:
        book = Book(archive)
        notes = notes if notes is not None else SheetNotes()
        notes.recalculates = book.recalculates
        texts = shared_texts(archive, book.strings_path) if book.strings_path else ()
        with contextlib.closing(StringStore(texts)) as strings:
            cell_text = CellText(strings, codes=book.codes, epoch=book.epoch, decimal=decimal)
            yield from sheet_rows(archive, _part(book, sheet).path, cell_text, notes)


def look(source: IO[bytes], *, sheet: str, decimal: str, limit: int) -> Head:
    """The first `limit` records with something in them, from row 1 on, and notes about the first part of the sheet."""
    notes = SheetNotes()
    records: list[list[str]] = []
    filled = 0
    with opened(source) as archive:
        book = Book(archive)
        notes.recalculates = book.recalculates
        texts = shared_texts(archive, book.strings_path) if book.strings_path else ()
        with contextlib.closing(StringStore(texts)) as strings:
            cell_text = CellText(strings, codes=book.codes, epoch=book.epoch, decimal=decimal)
            before = archive.budget.tags
            for record in sheet_rows(archive, _part(book, sheet).path, cell_text, notes):
                enough = filled >= limit or len(records) >= _LOOK_ROWS
                if not enough:
                    records.append(record)
                    filled += any(record)
                elif archive.budget.tags - before > LOOK_TAGS:
                    break
    return Head(records=records, notes=notes)


def spool(source: IO[bytes], *, sheet: str = "", decimal: str = ",", notes: SheetNotes | None = None) -> IO[bytes]:
    """The sheet as a temporary UTF-8 CSV: it can be read again and again at a CSV's speed."""
    target = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - the caller closes it
    try:
        text = io.TextIOWrapper(target, encoding="utf-8", errors="replace", newline="")
        csv.writer(text).writerows(rows(source, sheet=sheet, decimal=decimal, notes=notes))
        text.flush()
        text.detach()
    except BaseException:
        target.close()
        raise
    return cast(IO[bytes], target)


def _part(book: Book, name: str) -> SheetPart:
    chosen = [sheet for sheet in book.sheets if sheet.name == name] if name else [book.active or book.sheets[0]]
    if not chosen:
        raise TabularError(
            "no_sheet",
            _("El libro no tiene ninguna hoja “%(name)s”. Tiene: %(names)s.")
            % {"name": name, "names": ", ".join(sheet.name for sheet in book.sheets)},
        )
    return chosen[0]


def _has_data(archive: Archive, sheet: SheetPart) -> bool:
    before = archive.budget.tags
    for tag, _attributes in elements(archive, sheet.path):
        if tag in {"v", "is"}:
            return True
        if archive.budget.tags - before > LOOK_TAGS:
            return False
    return False


def _empty() -> TabularError:
    return TabularError(
        "empty", _("El libro no tiene ninguna hoja visible con datos: elige el que tiene los destinatarios.")
    )
