"""A workbook whose texts are texts, never formulas. Numbers stay numbers, so that a spreadsheet can add them up."""

from __future__ import annotations

import decimal
import io
from collections.abc import Iterable
from typing import Any, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from leadmaster.lib.tables.safe_csv import neutralised

Cell: TypeAlias = str | int | float | decimal.Decimal | None
# Excel refuses to open a file with a longer one.
_LONGEST = 32_767
_LONGEST_TITLE = 31


def workbook(title: str, rows: Iterable[Iterable[Cell]]) -> bytes:
    """One sheet; the first row is the heading and stays in sight."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:_LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([_text(sheet, value) if isinstance(value, str) else value for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _text(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, value=neutralised(ILLEGAL_CHARACTERS_RE.sub("", value))[:_LONGEST])
    # Whatever it begins with.
    cell.data_type = "s"
    return cell
