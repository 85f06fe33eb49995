"""What the columns of a file mean: proposed from their headers and contents, confirmed by a person."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.rendering import NAME_FIELDS, field_name
from leadmaster.lib.phones.parsing import Phone, normalise

Records = Sequence[Sequence[str]]

# A title and a blank line or two may stand above the header; nobody writes ten.
_HEADER_SEARCH = 10

# Words of a header, best first: a file with a land line and a WhatsApp column means the latter.
_PHONE_WORDS = (
    ("whatsapp", "wasap", "wsp", "wpp", "wapp"),
    ("celular", "cel", "movil", "mobile", "celphone", "cellphone"),
    ("telefono", "telefonos", "phone", "tel", "telefone", "fone", "msisdn"),
    ("numero", "number", "nro", "num", "contacto", "contact", "fijo", "linea"),
)
# Numbers that are no phones, whatever else their header says.
_OTHER_NUMBERS = {
    "dni", "cuit", "cuil", "cpf", "cnpj", "rfc", "curp", "documento", "doc", "id", "codigo", "cuenta", "factura",
    "legajo", "poliza", "contrato", "cliente", "pedido", "orden", "interno", "fecha", "monto", "saldo",
}  # fmt: skip
_NAME_HEADERS = (
    "nombre_destino", "nombre_completo", "nombre_y_apellido", "apellido_y_nombre", "nombres_y_apellidos", "nombre",
    "nombres", "name", "full_name", "fullname", "nome", "nome_completo", "cliente", "nombre_cliente",
    "nombre_del_cliente", "destinatario", "titular", "razon_social", "contacto", "persona", "first_name",
)  # fmt: skip


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


def headers_of(records: Records, *, header_row: int | None) -> list[str]:
    """What to call each column on a screen."""
    header = list(records[header_row - 1]) if header_row and header_row <= len(records) else []
    header += [""] * (_width(records, header_row=header_row) - len(header))
    return [
        " ".join(text.split()) or _("Columna %(number)s") % {"number": number}
        for number, text in enumerate(header, start=1)
    ]


def _width(records: Records, *, header_row: int | None) -> int:
    """How many columns there are: those of the header or of most rows. A row with more has a separator too many."""
    widths = [len(record) for record in records[header_row or 0 :] if any(cell.strip() for cell in record)]
    usual = collections.Counter(widths).most_common(1)[0][0] if widths else 0
    header = records[header_row - 1] if header_row and header_row <= len(records) else []
    return max(usual, len(header))


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
    header_row = _header_row(records, region=region)
    data = [record for record in records[header_row or 0 :] if any(cell.strip() for cell in record)]
    width = _width(records, header_row=header_row)
    header = [field_name(cell) for cell in records[header_row - 1]] if header_row else []
    header += [""] * (width - len(header))
    share = [_phone_share(data, column, region=region) for column in range(width)]
    scores = {column: (share[column] >= 0.3, _phone_rank(header[column]), share[column]) for column in range(width)}
    likely = [column for column, score in scores.items() if score[1] > 0 or (score[1] == 0 and score[2] >= 0.5)]
    if not likely:
        return None
    phone = max(likely, key=lambda column: (scores[column], -column))
    name = _name_column(header, data, phone=phone)
    return ColumnMapping(phone=phone, name=name, header_row=header_row)


def is_phone_header(text: str) -> bool:
    """Whether a cell is what people write above a column of phones."""
    return _phone_rank(field_name(text)) > 0


def _header_row(records: Records, *, region: str) -> int | None:
    """The row that names the columns; None when the first row is already somebody."""
    for number, record in enumerate(records[:_HEADER_SEARCH], start=1):
        if any(isinstance(normalise(cell, region), Phone) for cell in record):
            break
        if any(is_phone_header(cell) for cell in record):
            return number
    for number, record in enumerate(records[:_HEADER_SEARCH], start=1):
        if not any(cell.strip() for cell in record):
            continue
        # Headers are words; a first row with digits in it is data, good or bad.
        return None if any(char.isdigit() for cell in record for char in cell) else number
    return None


def _phone_rank(field: str) -> int:
    """4 for the best header of a phone column, 1 for a poor one, 0 for an unknown one, -1 for another number's."""
    words = field.split("_")
    ranks = [len(_PHONE_WORDS) - at for at, group in enumerate(_PHONE_WORDS) if not set(group).isdisjoint(words)]
    if not ranks:
        return -1 if not _OTHER_NUMBERS.isdisjoint(words) else 0
    # "Número de cliente" is no phone, "Teléfono del cliente" is.
    return -1 if max(ranks) == 1 and not _OTHER_NUMBERS.isdisjoint(words) else max(ranks)


def _phone_share(data: Records, column: int, *, region: str) -> float:
    cells = [record[column] for record in data if column < len(record) and record[column].strip()]
    valid = sum(isinstance(normalise(cell, region), Phone) for cell in cells)
    return valid / len(cells) if cells else 0.0


def _name_column(header: Sequence[str], data: Records, *, phone: int) -> int | None:
    for wanted in _NAME_HEADERS:
        if wanted in header and header.index(wanted) != phone:
            return header.index(wanted)
    if any(header):
        return None
    # Without a header: the first column that is words in nearly every row.
    for column in range(len(header)):
        cells = [record[column] for record in data if column < len(record) and record[column].strip()]
        wordy = sum(not any(char.isdigit() for char in cell) for cell in cells)
        if column != phone and cells and wordy >= 0.8 * len(cells):
            return column
    return None


def known_fields(fields: Iterable[str], *, mapping: ColumnMapping) -> list[str]:
    """The placeholders that rows of this file can fill."""
    names = list(NAME_FIELDS) if mapping.name is not None else []
    return list(dict.fromkeys([*names, *fields]))
