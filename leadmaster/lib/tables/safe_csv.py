"""CSV that a spreadsheet opens as data, never as formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import TextIO

# What makes Excel, LibreOffice or Google Sheets evaluate a cell, with the full-width twins that they fold to ASCII.
_SIGNS = "=+\\-@＝＋－＠"
_STARTS_FORMULA = re.compile(rf"\s*[{_SIGNS}]|[\t\r\n]")
# The same behind a sign at which a program with another separator cuts the line: quotes don't keep it together there.
_LATER_FORMULA = re.compile(rf"([,;|\t\r\n][\s\"']*)(?=[{_SIGNS}])")
# A bare number in its international form can only ever be that, and people copy that column elsewhere: it stays as it is.
_PHONE = re.compile(r"\+[0-9](?: ?[0-9]){7,14}")


def neutralised(value: str) -> str:
    """The value as text for any spreadsheet: an apostrophe goes before what would start a formula."""
    if _PHONE.fullmatch(value):
        return value
    starts = _STARTS_FORMULA.match(value)
    head = f"'{value[: starts.end()]}" if starts else ""
    rest = value[starts.end() :] if starts else value
    return head + (_LATER_FORMULA.sub(r"\1'", rest) if _CUTS.search(rest) else rest)


_CUTS = re.compile(r"[,;|\t\r\n]")


def delimiter_of(region: str) -> str:
    """Excel splits at the list separator of its country."""
    return "," if region == "MX" else ";"


class SafeCsvWriter:
    """Writes neutralised, fully quoted rows as they come; the text stream belongs to the caller.

    Every cell is quoted: a program that splits at another separator finds no cell that begins in mid-value.
    """

    def __init__(self, stream: TextIO, *, delimiter: str = ",") -> None:
        self._writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")

    def write(self, cells: Iterable[str]) -> None:
        self._writer.writerow([neutralised(cell) for cell in cells])

    def write_all(self, rows: Iterable[Iterable[str]]) -> None:
        self._writer.writerows([[neutralised(cell) for cell in row] for row in rows])
