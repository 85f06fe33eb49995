"""A cell's stored value as texts: the one that people see in the sheet, and the one with all its digits.

`12.345,50` is what a message says of 12345.5; a phone that its column shows as 3,51E+09 or as a date is its digits.
Most cells have one text. Where there are two, they travel as one string with a sign between them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from openpyxl.utils.datetime import from_excel

from leadmaster.lib.xlsx.dates import Moment, date_text
from leadmaster.lib.xlsx.number_format import NumberFormat, general, parse_format
from leadmaster.lib.xlsx.strings import StringStore
from leadmaster.lib.xlsx.xml import SECOND_TEXT


def as_shown(cell: str) -> str:
    """The text that people see."""
    return cell.partition(SECOND_TEXT)[0]


def exact(cell: str) -> str:
    """The text with all the digits; dates as dd/mm/yyyy."""
    shown, second, digits = cell.partition(SECOND_TEXT)
    return digits if second else shown


class CellText:
    """Called with a cell's value, its type and its style."""

    def __init__(self, strings: StringStore, *, codes: Mapping[str, str], epoch: dt.datetime, decimal: str) -> None:
        self._strings = strings
        self._codes = codes
        self._formats: dict[str, NumberFormat | None] = {}
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
            return date_text(dt.datetime.fromisoformat(value))
        return self._number(value, style=style)

    def _number(self, value: str, *, style: str) -> str:
        form = self._format_of(style) if style in self._codes else None
        if form is None and value.isascii() and value.isdigit():
            return value
        number = float(value)
        digits = _digits(number, value, self._decimal)
        if form is None:
            shown = general(number, decimal=self._decimal)
        elif form.is_date(number):
            moment = self._moment(number)
            if moment is None:
                return digits
            shown, digits = form.date(number, moment), date_text(moment)
        else:
            shown = form.number(number, decimal=self._decimal)
        return shown if shown == digits else f"{shown}{SECOND_TEXT}{digits}"

    def _format_of(self, style: str) -> NumberFormat | None:
        if style not in self._formats:
            self._formats[style] = parse_format(self._codes[style])
        return self._formats[style]

    def _moment(self, number: float) -> Moment:
        """None for what no calendar reaches: a phone in a column of dates."""
        try:
            moment: Moment = from_excel(number, self._epoch)
        except (OverflowError, ValueError):
            return None
        return moment


def _digits(number: float, value: str, decimal: str) -> str:
    if value.isascii() and value.isdigit():
        return value
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return format(number, ".15g").replace(".", decimal)
