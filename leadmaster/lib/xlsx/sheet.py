"""A sheet's rows as people read them."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator

from openpyxl.utils.datetime import from_excel

from leadmaster.lib.xlsx.strings import StringStore
from leadmaster.lib.xlsx.xml import TextCollector, parse

# Excel's own limits; also what keeps a forged position from producing cells for ever.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384


class CellText:
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


def sheet_rows(archive: zipfile.ZipFile, path: str, cell_text: CellText) -> Iterator[list[str]]:
    sheet = _Sheet(cell_text)
    for _chunk in parse(archive, path, start=sheet.start, end=sheet.end, text=sheet.collector.text):
        for number, cells in sheet.done:
            for _gap in range(sheet.yielded + 1, number):
                yield []
            yield cells
            sheet.yielded = max(number, sheet.yielded + 1)
        sheet.done.clear()


class _Sheet:
    """Puts cells into their rows as the parser meets them."""

    def __init__(self, cell_text: CellText) -> None:
        self.collector = TextCollector()
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
