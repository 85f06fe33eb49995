"""A sheet's rows as people read them."""

from __future__ import annotations

from collections.abc import Iterator

from leadmaster.lib.tables.limits import MAX_COLUMNS, too_many_columns
from leadmaster.lib.xlsx.archive import Archive
from leadmaster.lib.xlsx.cells import CellText
from leadmaster.lib.xlsx.limits import EXCEL_COLUMNS, MAX_ROWS, Budget, too_many_rows
from leadmaster.lib.xlsx.notes import SheetNotes
from leadmaster.lib.xlsx.xml import TextCollector, parse


def sheet_rows(archive: Archive, path: str, cell_text: CellText, notes: SheetNotes) -> Iterator[list[str]]:
    """Every row from the first one on, gaps included. `notes` says the rest."""
    sheet = _Sheet(cell_text, notes, archive.budget)
    yielded = 0
    for _chunk in parse(archive, path, start=sheet.start, end=sheet.end, text=sheet.collector.text):
        for number, cells, hidden in sheet.done:
            for _gap in range(yielded + 1, number):
                yield []
            yielded = max(number, yielded + 1)
            if yielded > MAX_ROWS:
                raise too_many_rows()
            if hidden and any(cells):
                notes.hidden.add(yielded)
            yield cells
        sheet.done.clear()
        if sheet.over:
            break
    notes.complete = True


class _Sheet:
    """Puts cells into their rows as the parser meets them."""

    def __init__(self, cell_text: CellText, notes: SheetNotes, budget: Budget) -> None:
        self.collector = TextCollector()
        self.done: list[tuple[int, list[str], bool]] = []
        # What follows the data (merged cells, conditions, pictures) says nothing about it and may be long.
        self.over = False
        self._cell_text = cell_text
        self._notes = notes
        self._budget = budget
        self._width = 0
        self._number = 0
        self._cells: list[str] = []
        self._hidden = self._formula = False
        self._column = 0
        self._kind = self._style = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            reference = attributes.get("r")
            self._column = _column(reference) if reference else self._column + 1
            if self._column > EXCEL_COLUMNS:
                raise too_many_columns()
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "0")
            self._formula = False
        elif tag == "row":
            self._number = int(attributes.get("r", self._number + 1))
            if self._number > MAX_ROWS:
                raise ValueError("forged row number") if "r" in attributes else too_many_rows()
            self._hidden = attributes.get("hidden") in {"1", "true"} or attributes.get("ht") == "0"
            self._cells = []
            self._column = 0
        else:
            self._formula = self._formula or tag == "f"
            self.collector.start(tag)

    def end(self, tag: str) -> None:
        if tag == "c":
            value = self.collector.take()
            if self._formula:
                self._notes.formula(self._column - 1, kind=self._kind, value=value)
            self._place(self._cell_text(value, kind=self._kind, style=self._style))
        elif tag == "row":
            self.done.append((self._number, self._cells, self._hidden))
        elif tag == "sheetData":
            self.over = True
        else:
            self.collector.end(tag)

    def _place(self, text: str) -> None:
        if text:
            if self._column > MAX_COLUMNS:
                raise too_many_columns()
            self._width = max(self._width, self._column)
        elif self._column > self._width:
            # Beyond what anybody filled in it is formatting.
            return
        missing = self._column - 1 - len(self._cells)
        self._budget.lay(max(missing, 0) + len(text) + 1)
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
    if not 1 <= number <= EXCEL_COLUMNS:
        raise ValueError(f"no such column: {reference[:20]}")
    return number
