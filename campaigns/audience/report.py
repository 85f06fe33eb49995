"""The report of an import: one line per row of the file, written as the rows come."""

from __future__ import annotations

import enum
from typing import TextIO

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib.phones.parsing import spaced
from leadmaster.lib.tables.safe_csv import SafeCsvWriter, delimiter_of


class Result(enum.StrEnum):
    """What became of a row. The values are the names of the counters."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicates"
    INVALID = "invalid"
    OPTED_OUT = "opted_out"
    ALREADY_THERE = "already_there"


LABELS: dict[Result, Promise] = {
    Result.ACCEPTED: gettext_lazy("aceptada"),
    Result.DUPLICATE: gettext_lazy("duplicada"),
    Result.INVALID: gettext_lazy("inválida"),
    Result.OPTED_OUT: gettext_lazy("excluida"),
    Result.ALREADY_THERE: gettext_lazy("ya estaba"),
}


class RowReport:
    """Lines of the report in a text stream that belongs to the caller."""

    def __init__(self, stream: TextIO, *, region: str) -> None:
        # Only the byte order mark makes Excel read UTF-8.
        stream.write("\ufeff")
        self._writer = SafeCsvWriter(stream, delimiter=delimiter_of(region))
        self._labels = {result: str(label) for result, label in LABELS.items()}
        self._writer.write(
            [
                _("Fila"),
                _("Teléfono en el archivo"),
                _("Teléfono"),
                _("Nombre"),
                _("Resultado"),
                _("Motivo"),
                _("Primera fila"),
            ]
        )

    def line(
        self,
        *,
        row: int,
        raw_phone: str,
        phone: str,
        name: str,
        result: Result,
        reason: str = "",
        first_row: int | None = None,
    ) -> None:
        first = "" if first_row is None else str(first_row)
        self._writer.write(
            [str(row), raw_phone, spaced(phone) if phone else "", name, self._labels[result], reason, first]
        )
