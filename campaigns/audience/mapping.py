"""What the columns of a file mean: proposed from their headers and contents, confirmed by a person."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.headers import is_anothers_phone, is_at_work, is_phone_header, name_rank, phone_rank
from campaigns.rendering import NAME_FIELDS, field_name
from leadmaster.lib.mojibake import restored
from leadmaster.lib.phones.parsing import Phone, normalise

Records = Sequence[Sequence[str]]

# A title and a blank line or two may stand above the header; nobody writes ten.
_HEADER_SEARCH = 10

# So many of the rows that the best column serves have to be served by one whose header is better.
_NEARLY = 0.75
# Below this, a column that only its header calls phones has to yield to one that has them.
_POOR, _GOOD = 0.3, 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Columns count from 0; rows count from 1, as a spreadsheet shows them.

    `header_row` is None when the file has no header. What stands above the header is not data.
    """

    phone: int
    name: int | None = None
    header_row: int | None = 1

    def as_json(self) -> dict[str, int | None]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ColumnMapping:
        """Raises AudienceError on anything that `as_json` would not have written."""
        values = [data.get("phone"), data.get("name"), data.get("header_row")]
        whole = [value is None or (isinstance(value, int) and not isinstance(value, bool)) for value in values]
        if not all(whole) or values[0] is None:
            raise AudienceError("mapping", _("La elección de columnas no es válida: vuelve a elegirlas."))
        return cls(phone=data["phone"], name=data.get("name"), header_row=data.get("header_row"))

    def check(self, *, width: int) -> None:
        """Raises AudienceError when the file has no such columns."""
        wrong_name = self.name is not None and not 0 <= self.name < width
        wrong_header = self.header_row is not None and self.header_row < 1
        if not 0 <= self.phone < width or wrong_name or wrong_header:
            raise AudienceError(
                "mapping",
                _("El archivo tiene %(width)s columnas y se eligió una que no existe: vuelve a elegirlas.")
                % {"width": width},
            )


def headers_of(records: Records, *, header_row: int | None, width: int) -> list[str]:
    """What to call each of the `width` columns on a screen."""
    header = list(records[header_row - 1]) if header_row and header_row <= len(records) else []
    header = [*header, *[""] * width][:width]
    return [
        " ".join(restored(text).split()) or _("Columna %(number)s") % {"number": number}
        for number, text in enumerate(header, start=1)
    ]


def fields_of(headers: Iterable[str]) -> list[str]:
    """The placeholder of each column: normalised, and never the same twice."""
    fields: list[str] = []
    for number, header in enumerate(headers, start=1):
        base = field_name(header) or f"columna_{number}"
        field, copy = base, 1
        while field in fields:
            copy += 1
            field = f"{base}_{copy}"
        fields.append(field)
    return fields


def guess(records: Records, *, region: str) -> ColumnMapping | None:
    """The most likely meaning, from the first records of a file; None when no column can be a phone."""
    header_row = header_row_of(records, region=region)
    data = [record for record in records[header_row or 0 :] if any(cell.strip() for cell in record)]
    header = list(records[header_row - 1]) if header_row else []
    width = max([len(header), *(len(record) for record in data)], default=0)
    header += [""] * (width - len(header))
    phone = _phone_column(header, [_phone_share(data, column, region=region) for column in range(width)])
    if phone is None:
        return None
    return ColumnMapping(phone=phone, name=_name_column(header, data, phone=phone), header_row=header_row)


def header_row_of(records: Records, *, region: str) -> int | None:
    """The row that names the columns; None when the first row is already somebody."""
    likely = []
    for number, record in enumerate(records[:_HEADER_SEARCH], start=1):
        if any(isinstance(normalise(cell, region), Phone) for cell in record):
            break
        if any(is_phone_header(cell) for cell in record):
            likely.append(number)
    if likely:
        usual = collections.Counter(len(record) for record in records[likely[-1] :] if record).most_common(1)
        # "Listado de celulares" stands above a table; so does "Tel. de la empresa;4223344".
        return next((number for number in likely if usual and len(records[number - 1]) == usual[0][0]), likely[0])
    for number, record in enumerate(records[:_HEADER_SEARCH], start=1):
        if not any(cell.strip() for cell in record):
            continue
        # Headers are words; a first row with digits in it is data, good or bad.
        return None if any(char.isdigit() for cell in record for char in cell) else number
    return None


def _groups_columns(record: Sequence[str], below: Records) -> bool:
    """Whether a row with merged cells stands over the header: "Contacto telefónico" above "Celular" and "Fijo"."""
    if not below or all(cell.strip() for cell in record):
        return False
    [names] = below
    filled = sum(bool(cell.strip()) for cell in names)
    digits = any(char.isdigit() for cell in names for char in cell)
    return not digits and filled > sum(bool(cell.strip()) for cell in record) and any(map(is_phone_header, names))


def _phone_column(header: Sequence[str], shares: Sequence[float]) -> int | None:
    """The column that serves most rows; of those that serve nearly as many, the one with the best header."""
    ranks = [phone_rank(text) for text in header]
    named = [column for column, rank in enumerate(ranks) if rank > 0]
    # Somebody else's phone is for a file that has no other one, however few rows have their own.
    named = [column for column in named if shares[column] and not is_anothers_phone(header[column])] or named
    having = [column for column, rank in enumerate(ranks) if rank == 0 and shares[column] >= _GOOD]
    best = max((shares[column] for column in named), default=0.0)
    likely = having if having and best < _POOR else named
    if not likely:
        return None
    enough = _NEARLY * max(shares[column] for column in likely)
    served = [column for column in likely if shares[column] >= enough]
    return max(served, key=lambda column: (ranks[column], not is_at_work(header[column]), shares[column], -column))


def _phone_share(data: Records, column: int, *, region: str) -> float:
    """How many of the rows have a phone there. Not of the cells: two phones in a hundred rows serve two people."""
    valid = sum(column < len(record) and isinstance(normalise(record[column], region), Phone) for record in data)
    return valid / len(data) if data else 0.0


def _name_column(header: Sequence[str], data: Records, *, phone: int) -> int | None:
    if any(header):
        ranked = [(name_rank(text), -column) for column, text in enumerate(header) if column != phone]
        likely = [-at for rank, at in sorted(ranked, reverse=True) if rank]
        # "Name" above "#1001" is an order's.
        return next((column for column in likely if _wordy(data, column) > 0.5), likely[0] if likely else None)
    # Without a header: the first column that is words in nearly every row.
    return next((at for at in range(len(header)) if at != phone and _wordy(data, at, filled=True) >= 0.8), None)


def _wordy(data: Records, column: int, *, filled: bool = False) -> float:
    """The share of cells that are words and no numbers. An empty column has them all, or with `filled` none."""
    cells = [record[column] for record in data if column < len(record) and record[column].strip()]
    return sum(not any(char.isdigit() for char in cell) for cell in cells) / len(cells) if cells else float(not filled)


def known_fields(fields: Iterable[str], *, mapping: ColumnMapping) -> list[str]:
    """The placeholders that rows of this file can fill."""
    names = list(NAME_FIELDS) if mapping.name is not None else []
    return list(dict.fromkeys([*names, *fields]))
