"""Which of their columns is which of our fields."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError

CLIENT_FIELDS: Final = (
    "external_id",
    "name",
    "last_names",
    "tax_id",
    "agreement",
    "province",
    "city",
    "client_type",
    "capacity",
    "registered_on",
    "updated_at",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mapping:
    """Tables and columns of the source. Empty: it has none. `contact_columns` of the clients' own table hold phones or
    mails too."""

    clients: str = "clientes"
    external_id: str = "id"
    name: str = "nombre"
    last_names: str = "apellidos"
    tax_id: str = "rfc"
    agreement: str = "convenio"
    province: str = "estado"
    city: str = "municipio"
    client_type: str = "tipo_cliente"
    capacity: str = "capacidad"
    registered_on: str = "fecha_alta"
    updated_at: str = "actualizado"
    contact_columns: tuple[str, ...] = ()
    contacts: str = "datos_contacto"
    contact_client: str = "cliente_id"
    contact_kind: str = "tipo"
    contact_value: str = "valor"
    contact_primary: str = "principal"

    @property
    def client_columns(self) -> dict[str, str]:
        """Our field → their column, for the fields that the source has."""
        columns = {field: getattr(self, field) for field in CLIENT_FIELDS}
        return {field: column for field, column in columns.items() if column}

    def name_of(self, column: str) -> str:
        """Under which of our names this column is mapped."""
        for field in dataclasses.fields(self):
            if getattr(self, field.name) == column:
                return field.name
        return "contact_columns"

    def only(self, columns: Iterable[str]) -> Mapping:
        """The same without the client columns that are not among these."""
        there = set(columns)
        missing: dict[str, Any] = {field: "" for field, column in self.client_columns.items() if column not in there}
        return dataclasses.replace(self, **missing) if missing else self


def parse_mapping(text: str) -> Mapping:
    """The defaults, but for what `text` says: JSON as `{"clients": "customers", "updated_at": ""}`, or
    `clients=customers, updated_at=`.

    `contact_columns` takes several, as a list or joined by +. Raises SyncError for what is neither, and for a name that
    is none of ours.
    """
    pairs = _object(text) if text.lstrip().startswith(("{", "[", '"')) else _pairs(text)
    known = {field.name for field in dataclasses.fields(Mapping)}
    changed: dict[str, Any] = {}
    for name, column in pairs:
        if name not in known:
            raise _refusal(_("“%(name)s” no es un campo"), name=name)
        if name in changed:
            raise _refusal(_("“%(name)s” está dos veces"), name=name)
        changed[name] = column
    for required in ("clients", "external_id"):
        if changed.get(required) == "":
            raise SyncError(
                "mapping",
                _("CLIENTS_MAPPING: “%(name)s” no puede quedar vacío: sin eso no se sabe quién es quién.")
                % {"name": required},
            )
    several = tuple(filter(None, (part.strip() for part in changed.pop("contact_columns", "").split("+"))))
    return dataclasses.replace(Mapping(contact_columns=several), **changed)


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals:
            raise _refusal(_("no se entiende “%(name)s”"), name=pair)
        found.append((name, column))
    return found


def _object(text: str) -> list[tuple[str, str]]:
    try:
        # As pairs: a name that stands there twice would lose one of them without a word.
        found = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (json.JSONDecodeError, RecursionError) as error:
        place = getattr(error, "pos", 0) + 1
        raise _refusal(_("no es JSON desde el carácter %(name)s"), name=str(place)) from error
    if not isinstance(found, list) or not all(isinstance(pair, tuple) for pair in found):
        raise _refusal(_("no es un objeto de JSON"))
    return [(name, _column(name, column)) for name, column in found]


def _column(name: str, column: object) -> str:
    if name == "contact_columns" and isinstance(column, list) and all(isinstance(each, str) for each in column):
        return "+".join(column)
    if not isinstance(column, str):
        raise _refusal(_("“%(name)s” no es un texto"), name=name)
    return column.strip()


def _refusal(wrong: str, *, name: str = "") -> SyncError:
    known = ", ".join(sorted(field.name for field in dataclasses.fields(Mapping)))
    return SyncError(
        "mapping",
        _(
            'CLIENTS_MAPPING: %(wrong)s. Escribe JSON como {"city": "town", "capacity": ""}, con algunos de estos '
            "campos: %(known)s."
        )
        % {"wrong": wrong % {"name": name}, "known": known},
    )
