"""How the rows of a text file line up with their columns, and what to make of a row that doesn't.

A separator too many or too few moves every cell after it under somebody else's heading, and nothing looks wrong. So a
row is used as it stands only when it is as wide as the others, or when its file shows by habit that it leaves blank
cells at the end out, or adds some. A workbook has no separators: its rows always line up.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import itertools
import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError
from leadmaster.lib.tables.records import BrokenRecord

# Excel decides anew for each block of so many rows how many blank cells it writes at their end.
_BLOCK = 16
_SAMPLE = 500
# So many of the rows have to leave out blank cells at their end before we believe that this is how the file is written.
_HABIT, _FEWEST = 0.1, 3
# What stands beyond the columns in fewer rows than this are slips; in more, the header is wrong.
_SLIPS = 0.05
# More amounts than this in a row, and nobody finds out which of them were cut.
_MOST_CUTS = 10


class Misfit(enum.StrEnum):
    """Why a row does not line up. Stable, for reports and programs."""

    EXTRA_CELLS = "extra_cells"
    MISSING_CELLS = "missing_cells"
    OPEN_QUOTES = "open_quotes"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """`width` columns. `usual` is how many cells the rows have: more, when each ends with some blank ones, or when a
    decimal comma cut amounts in two (`joins` are the first halves). `records` is how many there are, header and all;
    `filled` is how many rows below it have something in them."""

    width: int
    usual: int
    joins: tuple[int, ...] = ()
    records: int = 0
    filled: int = 0
    free: bool = False  # a workbook's
    drops_blanks: bool = False
    blocks: frozenset[int] = frozenset()
    kinds: tuple[frozenset[str], ...] = ()

    def fit(self, row: int, record: list[str]) -> list[str] | Misfit:
        """The cells of a row (from 1) under their columns; those that are missing at the end are blank."""
        if len(record) == self.width == self.usual and not isinstance(record, BrokenRecord):
            return record
        if self.free:
            return record
        if isinstance(record, BrokenRecord):
            return Misfit.OPEN_QUOTES
        if self.joins:
            return self._joined(record)
        return self._wide(row, record) if len(record) > self.width else self._narrow(row, record)

    def _joined(self, record: list[str]) -> list[str] | Misfit:
        if len(record) != self.usual:
            return Misfit.EXTRA_CELLS if len(record) > self.usual else Misfit.MISSING_CELLS
        cells = list(record)
        for at in reversed(self.joins):
            cells[at : at + 2] = [f"{cells[at].strip()},{cells[at + 1].strip()}"]
        return cells

    def _wide(self, row: int, record: list[str]) -> list[str] | Misfit:
        if any(cell.strip() for cell in record[self.width :]):
            return Misfit.EXTRA_CELLS
        # One separator too many inside a row whose last cell is blank ends in a blank cell too.
        harmless = len(record) == self.usual or len(record) > self.usual + 1 or self._in_block(row)
        return record[: self.width] if harmless and self._looks_right(record) else Misfit.EXTRA_CELLS

    def _narrow(self, row: int, record: list[str]) -> list[str] | Misfit:
        ends_blank = not record or not record[-1].strip()
        habit = self._in_block(row) or (not ends_blank and (self.drops_blanks or len(record) == self.width))
        if not habit or not self._looks_right(record):
            return Misfit.MISSING_CELLS
        return record + [""] * (self.width - len(record))

    def _in_block(self, row: int) -> bool:
        return (row - 1) // _BLOCK in self.blocks

    def _looks_right(self, record: Sequence[str]) -> bool:
        """Whether each cell is of a kind that its column has elsewhere."""
        return all(
            not cell.strip() or not kinds or _kind(cell) in kinds
            for cell, kinds in zip(record, self.kinds, strict=False)
        )


def layout_of(
    records: Iterable[list[str]], *, header_row: int | None, delimiter: str, header: Sequence[str] | None = None
) -> Layout:
    """The layout of a whole table. `delimiter` is empty for a workbook; `header` is its record, when there is one.

    Raises TabularError when the header has another width than most rows and nothing says which column is missing.
    """
    survey = _Survey(header_row=header_row, header_width=len(header or ()), splits=delimiter == ",")
    for row, record in enumerate(records, start=1):
        survey.records = row
        if row > (header_row or 0):
            survey.add(row, record)
    survey.close_block()
    if not delimiter:
        width = max(survey.usual, len(header or ()))
        return Layout(width=width, usual=width, records=survey.records, filled=survey.filled, free=True)
    return _settled(survey, list(header or ()))


class _Survey:
    """What one pass over the rows finds out."""

    def __init__(self, *, header_row: int | None, header_width: int, splits: bool) -> None:
        self.records = self.filled = 0
        self.widths: collections.Counter[int] = collections.Counter()
        self.ending_blank: collections.Counter[int] = collections.Counter()
        self.overflowing: collections.Counter[int] = collections.Counter()  # not only by blank cells
        # Of Excel's, the ones that are not as wide as the header. Its own block always is.
        self.blocks: set[int] = set()
        self.is_by_blocks = False
        self.sample: list[list[str]] = []
        self._header_width = header_width
        self._header_block = ((header_row or 1) - 1) // _BLOCK
        self._splits = splits
        self._halves: dict[int, set[int]] = {}
        self._block, self._block_width, self._block_rows = -1, 0, 0

    @property
    def usual(self) -> int:
        """The width of most rows; the header's, when it is one of several."""
        if not self.widths:
            return self._header_width or 1
        return max(self.widths, key=lambda width: (self.widths[width], width == self._header_width, width))

    def add(self, row: int, record: list[str]) -> None:
        width = len(record)
        if not width or not (record[0].strip() or "".join(record).strip()):
            return
        self.filled += 1
        if isinstance(record, BrokenRecord):
            return
        self.widths[width] += 1
        if not record[-1].strip():
            self.ending_blank[width] += 1
        if width > self._header_width > 0:
            self._overflow(record, width)
        if (block := (row - 1) // _BLOCK) != self._block:
            self.close_block()
            self._block, self._block_width, self._block_rows = block, width, 0
        self._block_rows += 1
        if width != self._block_width:
            self._block_width = 0
        if len(self.sample) < _SAMPLE:
            self.sample.append(record)

    def _overflow(self, record: list[str], width: int) -> None:
        if any(cell.strip() for cell in record[self._header_width :]):
            self.overflowing[width] += 1
        if self._splits:
            halves = self._halves.get(width)
            at = range(width - 1) if halves is None else halves
            self._halves[width] = {here for here in at if _is_cut_amount(record[here], record[here + 1])}

    def close_block(self) -> None:
        """The block of rows that ends here counts as one when they are all alike."""
        if self._block == self._header_block:
            self.is_by_blocks = self._block_width == self._header_width > 0
        # A single row proves nothing: the last one of a file that was cut looks the same.
        elif self._block_width not in {0, self._header_width} and self._block_rows > 1:
            self.blocks.add(self._block)

    def joins(self) -> tuple[int, ...]:
        """Where a decimal comma cut every row's amounts in two, if that and nothing else makes the header fit."""
        halves = self._halves.get(self.usual, set())
        if len(self.widths) != 1 or len(halves) > _MOST_CUTS:
            return ()
        ways = [
            cuts
            for cuts in itertools.combinations(sorted(halves), self.usual - self._header_width)
            if all(later > at + 1 for at, later in itertools.pairwise(cuts))
        ]
        return ways[0] if len(ways) == 1 else ()

    def shifts(self) -> bool:
        """Whether what stands beyond the header's columns says that the cells before it are not where they belong."""
        beyond = self.overflowing[self.usual] > _SLIPS * self.widths[self.usual]
        return beyond or bool(self._halves.get(self.usual))

    def drops_blanks(self, width: int) -> bool:
        """Whether the file is written so that no row ends with a blank cell."""
        short = sum(count for cells, count in self.widths.items() if cells < width)
        ending_blank = sum(count for cells, count in self.ending_blank.items() if cells <= width)
        return not ending_blank and self.widths[width] > 0 and short >= max(_FEWEST, _HABIT * self.widths.total())


def _settled(survey: _Survey, header: list[str]) -> Layout:
    usual = survey.usual
    width = len(header) or usual
    joins = survey.joins() if width < usual else ()
    if width < usual and not joins and survey.shifts():
        raise _disagree(width, usual)
    if width > usual and not survey.drops_blanks(width) and not survey.is_by_blocks:
        # Blank headings at the end are as good as none.
        if any(cell.strip() for cell in header[usual:]) or not all(cell.strip() for cell in header[:usual]):
            raise _disagree(width, usual)
        width = usual
    full = max(usual, width)
    return Layout(
        width=width,
        usual=full,
        joins=joins,
        records=survey.records,
        filled=survey.filled,
        drops_blanks=survey.drops_blanks(width),
        blocks=frozenset(survey.blocks) if survey.is_by_blocks else frozenset(),
        kinds=() if joins else _kinds_of([record for record in survey.sample if len(record) == full], width),
    )


def _disagree(header: int, rows: int) -> TabularError:
    return TabularError(
        "widths",
        _(
            "El encabezado tiene %(header)s columnas y la mayoría de las filas %(rows)s: no se sabe qué dato es de cuál. "
            "Si un texto o un importe lleva el separador adentro (1234,50), guarda la planilla como .xlsx o con los "
            "textos entre comillas."
        )
        % {"header": header, "rows": rows},
    )


# --- Kinds of cells ---------------------------------------------------------------------------------------------------

_WHOLE = re.compile(r"[-+]?\$? ?(?:[0-9]{1,9}|[0-9]{1,3}(?:\.[0-9]{3})+)")
_CENTS = re.compile(r"[0-9]{1,2}")
_KINDS = (
    ("date", re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[ T].*)?", re.S)),
    (
        "amount",
        re.compile(r"[-+(]?(?:\$|[A-Z]{1,3}\$?)? ?(?:[0-9]{1,8}|[0-9]{1,3}(?:[.,' ][0-9]{3})+)(?:[.,][0-9]+)?[ %)]*"),
    ),
    ("digits", re.compile(r"[0-9+(][0-9 ().\-/]*")),
    ("mail", re.compile(r"\S+@\S+\.\S+")),
    ("words", re.compile(r"(?=.*[^\W\d_]).*", re.S)),
)


def _is_cut_amount(whole: str, cents: str) -> bool:
    return bool(_CENTS.fullmatch(cents.strip()) and _WHOLE.fullmatch(whole.strip()))


def _kind(cell: str) -> str:
    cell = cell.strip()
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(cell)), "signs")


def _kinds_of(records: Sequence[Sequence[str]], width: int) -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset(_kind(record[column]) for record in records if column < len(record) and record[column].strip())
        for column in range(width)
    )
