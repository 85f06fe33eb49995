"""What a file looks like before anybody imports it."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.mapping import ColumnMapping, Records, fields_of, guess, header_row_of, headers_of, known_fields
from campaigns.audience.sheets import AS_PROPOSED, SheetChoice, open_people
from leadmaster.lib.tables.layout import Layout, Misfit, layout_of
from leadmaster.lib.tables.tabular import Table

# Enough to know a column by: whose phone it is, and whether it serves most people.
_LOOK = 300
_SAMPLE = 8
_CELLS, _LEAST = 12_000, 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilePreview:
    """`guess` is None when no column looks like phones: a person has to choose.

    `fields` are the placeholders of the columns, in their order; `sample` are the first rows below the header, and
    `layout` how they line up with it. `size` is that of the file when it is unpacked. Of a workbook, `sheet` was read
    and `other_sheets` were not; `hidden_rows` of it are hidden, or more if it was not read to its end (`all_seen`), and
    nobody computed the formulas in the columns `uncomputed`.
    """

    kind: str
    encoding: str
    delimiter: str
    sheet: str
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    guess: ColumnMapping | None
    sample: tuple[tuple[str, ...], ...]
    layout: Layout
    size: int
    other_sheets: tuple[str, ...]
    hidden_rows: int
    all_seen: bool
    uncomputed: frozenset[int]

    @property
    def placeholders(self) -> list[str]:
        """What a message to these people may contain, if the guess is right."""
        return known_fields(self.fields, mapping=self.guess) if self.guess else list(self.fields)


def inspect(file: Path | IO[bytes], *, region: str, choice: SheetChoice = AS_PROPOSED) -> FilePreview:
    """Look at a file as somebody in `region` made it. Reads little of it. Raises AudienceError."""
    with file_errors(), open_people(file, region=region, choice=choice) as table:
        return preview_of(table, region=region)


def preview_of(table: Table, *, region: str, mapping: ColumnMapping | None = None, whole: bool = False) -> FilePreview:
    """The preview of an open table; a confirmed `mapping` takes the place of the guess.

    With `whole`, every row was looked at for how the rows line up with the columns.
    """
    head = table.head(_LOOK, exact=None)
    header_row = mapping.header_row if mapping else _header_row(head, region=region)
    header = head[header_row - 1] if header_row and header_row <= len(head) else None
    delimiter = table.format.delimiter
    rows = table.rows(exact=None) if whole else iter(head)
    layout = layout_of(rows, header_row=header_row, header=header, delimiter=delimiter)
    records = [_lined_up(layout, row, record, header_row=header_row) for row, record in enumerate(head, start=1)]
    chosen = mapping or _guess(records, header_row=header_row, width=layout.width, region=region)
    headers = headers_of(records, header_row=header_row, width=layout.width)
    if chosen:
        chosen.check(width=len(headers))
        check_computed({chosen.phone, chosen.name}, headers=headers, uncomputed=table.notes.uncomputed)
    if delimiter and layout.width == 1:
        _check_separated(records[header_row or 0 :])
    shown = table.head(_LOOK, exact={chosen.phone} if chosen else ())
    lined_up = (_lined_up(layout, row, record, header_row=header_row) for row, record in enumerate(shown, start=1))
    below = itertools.islice(lined_up, header_row or 0, None)
    sample = itertools.islice((record for record in below if any(cell.strip() for cell in record)), _SAMPLE)
    return FilePreview(
        kind=table.format.kind,
        encoding=table.format.encoding,
        delimiter=delimiter,
        sheet=table.format.sheet,
        headers=tuple(headers),
        fields=tuple(fields_of(headers)),
        guess=chosen,
        sample=tuple(tuple([*record, *[""] * layout.width][: layout.width]) for record in sample),
        layout=layout,
        size=table.format.size,
        other_sheets=tuple(name for name in table.format.sheets if name != table.format.sheet),
        hidden_rows=table.notes.hidden.after(header_row or 0),
        all_seen=table.notes.complete or not table.format.sheet,
        uncomputed=table.notes.uncomputed,
    )


def _check_separated(records: list[list[str]]) -> None:
    """Raise AudienceError when the one column of a text file is rather several that we could not tell apart."""
    cells = [record[0] for record in records if record and record[0].strip()]
    if cells and all(_WORDS_AND_NUMBER.search(cell) for cell in cells):
        raise AudienceError(
            "no_separator",
            _(
                "La planilla no dice con qué signo separa sus columnas: guárdala como .xlsx, o como CSV separado por punto "
                "y coma."
            ),
        )


# "Ana Paz 351 411-1111" is a person and not a phone.
_WORDS_AND_NUMBER = re.compile(r"(?=.*[^\W\d_]{2}).*(?:[0-9]\D?){8}", re.S)


def check_computed(columns: Collection[int | None], *, headers: Sequence[str], uncomputed: Collection[int]) -> None:
    """Raise AudienceError when one of these columns has formulas that nobody computed: there is nothing in it."""
    missing = [header for at, header in enumerate(headers) if at in columns and at in uncomputed]
    if missing:
        raise AudienceError(
            "formulas",
            _(
                "La columna %(headers)s tiene fórmulas sin un valor calculado: abre el libro en Excel, guárdalo y vuelve a "
                "subirlo."
            )
            % {"headers": ", ".join(missing)},
        )


def _header_row(head: Records, *, region: str) -> int | None:
    """The row of the header, whatever lies blank above it."""
    blank = _blank_above(head)
    found = header_row_of(head[blank:], region=region)
    return None if found is None else found + blank


def _guess(records: Records, *, header_row: int | None, width: int, region: str) -> ColumnMapping | None:
    """The most likely meaning, by fewer rows of a wide table: every cell of them is tried as a phone."""
    blank = _blank_above(records)
    rows = max(_LEAST, _CELLS // max(1, width))
    found = guess(records[blank : blank + rows], region=region)
    return None if found is None else dataclasses.replace(found, header_row=header_row)


def _blank_above(records: Records) -> int:
    return next((at for at, record in enumerate(records) if any(cell.strip() for cell in record)), 0)


def _lined_up(layout: Layout, row: int, record: list[str], *, header_row: int | None) -> list[str]:
    """The cells under their columns; blank for a row that does not line up, which nobody should judge a column by."""
    if row <= (header_row or 0):
        return record
    cells = layout.fit(row, record)
    return [] if isinstance(cells, Misfit) else cells
