"""Which sheet of a workbook the people are on, and which of its rows count."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.mapping import guess
from leadmaster.lib.amounts import decimal_sign
from leadmaster.lib.phones.parsing import Phone, normalise
from leadmaster.lib.tables.tabular import Table, open_table

# So many sheets are tried, each by so many rows; further ones can be chosen by name.
_TRIED, _ROWS = 12, 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class SheetChoice:
    """`sheet` is empty for the one that is proposed. Rows that a filter or a person hid stay out unless somebody wants
    them: whoever filtered by Córdoba means to write to Córdoba."""

    sheet: str = ""
    hidden_rows: bool = False

    def as_json(self) -> dict[str, Any]:
        """What is not as usual, to be kept with the columns."""
        kept = {"sheet": self.sheet, "hidden_rows": self.hidden_rows}
        return {name: value for name, value in kept.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SheetChoice:
        """Raises AudienceError on anything that `as_json` would not have written."""
        sheet, hidden_rows = data.get("sheet", ""), data.get("hidden_rows", False)
        if not isinstance(sheet, str) or not isinstance(hidden_rows, bool):
            raise AudienceError("mapping", _("La elección de la hoja no es válida: vuelve a elegirla."))
        return cls(sheet=sheet, hidden_rows=hidden_rows)


AS_PROPOSED = SheetChoice()


def open_people(file: Path | IO[bytes], *, region: str, choice: SheetChoice = AS_PROPOSED) -> Table:
    """The table with the people in a file: of a workbook the chosen sheet, or else the first one with phones, beginning
    with the one that the book opens with. Raises TabularError."""
    table = open_table(file, decimal=decimal_sign(region), sheet=choice.sheet)
    try:
        if not choice.sheet and len(table.format.sheets) > 1:
            _turn_to_people(table, region=region)
    except BaseException:
        table.close()
        raise
    return table


def _turn_to_people(table: Table, *, region: str) -> None:
    proposed = table.format.sheet
    others = [name for name in table.format.sheets if name != proposed]
    for name in [proposed, *others[:_TRIED]]:
        table.turn_to(name)
        if _has_people(table, region=region):
            return
    table.turn_to(proposed)


def _has_people(table: Table, *, region: str) -> bool:
    records = [record for record in table.head(_ROWS, exact=None) if any(record)]
    found = guess(records, region=region)
    if found is None:
        return False
    cells = (record[found.phone] for record in records if found.phone < len(record))
    return any(isinstance(normalise(cell, region), Phone) for cell in cells)
