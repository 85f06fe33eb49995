"""What a file looks like before anybody imports it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import IO

from campaigns.audience.errors import file_errors
from campaigns.audience.mapping import ColumnMapping, fields_of, guess, headers_of, known_fields
from leadmaster.lib.tables.tabular import Table, open_table

_LOOK = 60
_SAMPLE = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilePreview:
    """`guess` is None when no column looks like phones: a person has to choose.

    `fields` are the placeholders of the columns, in their order; `sample` are the first rows below the header. `size`
    is that of the file when it is unpacked.
    """

    kind: str
    encoding: str
    delimiter: str
    sheet: str
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    guess: ColumnMapping | None
    sample: tuple[tuple[str, ...], ...]
    size: int

    @property
    def placeholders(self) -> list[str]:
        """What a message to these people may contain, if the guess is right."""
        return known_fields(self.fields, mapping=self.guess) if self.guess else list(self.fields)


def inspect(file: Path | IO[bytes], *, region: str) -> FilePreview:
    """Look at a file as somebody in `region` made it. Reads little of it. Raises AudienceError."""
    with file_errors(), open_table(file, decimal=decimal_sign(region)) as table:
        return preview_of(table, region=region)


def preview_of(table: Table, *, region: str, mapping: ColumnMapping | None = None) -> FilePreview:
    """The preview of an open table; a confirmed `mapping` takes the place of the guess."""
    records = table.head(_LOOK)
    chosen = mapping or guess(records, region=region)
    header_row = chosen.header_row if chosen else 1
    headers = headers_of(records, header_row=header_row)
    if chosen:
        chosen.check(width=len(headers))
    width = len(headers)
    sample = [record for record in records[header_row or 0 :] if any(cell.strip() for cell in record)][:_SAMPLE]
    return FilePreview(
        kind=table.format.kind,
        encoding=table.format.encoding,
        delimiter=table.format.delimiter,
        sheet=table.format.sheet,
        headers=tuple(headers),
        fields=tuple(fields_of(headers)),
        guess=chosen,
        sample=tuple(tuple([*record, *[""] * width][:width]) for record in sample),
        size=table.format.size,
    )


def decimal_sign(region: str) -> str:
    """How people of the region write 1½."""
    return "." if region == "MX" else ","
