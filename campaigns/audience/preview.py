"""What a file looks like before anybody imports it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError, file_errors
from campaigns.audience.mapping import ColumnMapping, fields_of, guess, header_row_of, headers_of, known_fields
from leadmaster.lib.tables.layout import Layout, Misfit, layout_of
from leadmaster.lib.tables.tabular import Table, open_table

# Enough to know a column by: whose phone it is, and whether it serves most people.
_LOOK = 300
_SAMPLE = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilePreview:
    """`guess` is None when no column looks like phones: a person has to choose.

    `fields` are the placeholders of the columns, in their order; `sample` are the first rows below the header, and
    `layout` how they line up with it.
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

    @property
    def placeholders(self) -> list[str]:
        """What a message to these people may contain, if the guess is right."""
        return known_fields(self.fields, mapping=self.guess) if self.guess else list(self.fields)


def inspect(file: Path | IO[bytes], *, region: str) -> FilePreview:
    """Look at a file as somebody in `region` made it. Reads little of it. Raises AudienceError."""
    with file_errors(), open_table(file, decimal=decimal_sign(region)) as table:
        return preview_of(table, region=region)


def preview_of(table: Table, *, region: str, mapping: ColumnMapping | None = None, whole: bool = False) -> FilePreview:
    """The preview of an open table; a confirmed `mapping` takes the place of the guess.

    With `whole`, every row was looked at for how the rows line up with the columns.
    """
    head = table.head(_LOOK)
    header_row = mapping.header_row if mapping else header_row_of(head, region=region)
    header = head[header_row - 1] if header_row and header_row <= len(head) else None
    delimiter = table.format.delimiter
    rows = table.rows() if whole else iter(head)
    layout = layout_of(rows, header_row=header_row, header=header, delimiter=delimiter)
    records = [_lined_up(layout, row, record, header_row=header_row) for row, record in enumerate(head, start=1)]
    chosen = mapping or guess(records, region=region)
    headers = headers_of(records, header_row=header_row, width=layout.width)
    if chosen:
        chosen.check(width=len(headers))
    if delimiter and layout.width == 1:
        _check_separated(records[header_row or 0 :])
    sample = [record for record in records[header_row or 0 :] if any(cell.strip() for cell in record)][:_SAMPLE]
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


def _lined_up(layout: Layout, row: int, record: list[str], *, header_row: int | None) -> list[str]:
    """The cells under their columns; blank for a row that does not line up, which nobody should judge a column by."""
    if row <= (header_row or 0):
        return record
    cells = layout.fit(row, record)
    return [] if isinstance(cells, Misfit) else cells


def decimal_sign(region: str) -> str:
    """How people of the region write 1½."""
    return "." if region == "MX" else ","
