"""Which of their columns is which of our fields."""

from __future__ import annotations

import dataclasses
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
    """The defaults, but for what `text` says: `clients=customers, city=town, updated_at=`.

    `contact_columns` takes several, joined by +. Raises SyncError for a name that is none of ours.
    """
    known = {field.name for field in dataclasses.fields(Mapping)}
    changed: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or name not in known:
            raise SyncError(
                "mapping",
                _(
                    "CLIENTS_MAPPING: no se entiende “%(pair)s”. Escribe campo=columna, con uno de estos campos: %(known)s."
                )
                % {"pair": pair, "known": ", ".join(sorted(known))},
            )
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
