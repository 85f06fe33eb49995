"""What a sheet says about its rows besides what stands in them."""

from __future__ import annotations

import dataclasses
from collections import Counter


class RowSet:
    """Numbers of rows, a byte each."""

    def __init__(self) -> None:
        self._rows = bytearray()

    def add(self, row: int) -> None:
        missing = row + 1 - len(self._rows)
        if missing > 0:
            self._rows.extend(bytes(missing))
        self._rows[row] = 1

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and row < len(self._rows) and self._rows[row] == 1

    def after(self, row: int) -> int:
        """How many there are below `row`."""
        return self._rows.count(1, row + 1)


@dataclasses.dataclass
class SheetNotes:
    """Filled while the sheet is read. Rows count from 1, columns from 0.

    `hidden` are rows with something in them that a filter or a person hid. `complete` says that the sheet was read to
    its end. `recalculates`: whoever wrote the book left its formulas to be computed when it is opened.
    """

    recalculates: bool = False
    complete: bool = False
    hidden: RowSet = dataclasses.field(default_factory=RowSet)
    _without_value: set[int] = dataclasses.field(default_factory=set)
    _formulas: Counter[int] = dataclasses.field(default_factory=Counter)
    _zeros: Counter[int] = dataclasses.field(default_factory=Counter)

    def formula(self, column: int, *, kind: str, value: str) -> None:
        """A cell of `column` has a formula, with this result."""
        self._formulas[column] += 1
        self._zeros[column] += value == "0"
        # A text that is empty is a result. A number is never empty.
        if not value and kind == "n":
            self._without_value.add(column)

    @property
    def uncomputed(self) -> frozenset[int]:
        """The columns with formulas that nobody computed. Some programs write a nought for each of them."""
        noughts = {column for column, number in self._formulas.items() if self._zeros[column] == number}
        return frozenset(self._without_value | (noughts if self.recalculates else set()))
