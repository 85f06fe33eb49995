"""The figures as rows of words and numbers, for whoever goes on in a spreadsheet."""

from __future__ import annotations

import decimal
import io
from collections.abc import Iterator, Sequence
from typing import Final

from django.http import HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from leadmaster.lib.tables.safe_csv import SafeCsvWriter, delimiter_of
from leadmaster.lib.tables.safe_xlsx import Cell, workbook
from leadmaster.lib.zones import country_of
from opportunities.results.figures import By, Figures
from opportunities.results.report import Report

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def first_column(by: By) -> str:
    return {
        By.PROMOTER: _("Promotor"),
        By.TEAM: _("Equipo"),
        By.CAMPAIGN: _("Campaña"),
        By.ASKED: _("Filtro del lote"),
        By.WEEK: _("Semana"),
    }[by]


def rows(found: Report) -> Iterator[list[Cell]]:
    """A heading, a row for each group, the sum, and the period before."""
    currencies = sorted({*found.total.amounts, *found.before.amounts})
    yield [
        first_column(found.asked.by),
        _("Ventas"),
        *(_("Monto %(currency)s") % {"currency": one} for one in currencies),
        _("Corregidas"),
        _("Anuladas"),
        _("Recibidas"),
        _("Conversión (%)"),
        *(stage.name for stage in found.stages),
        _("Contactos"),
        _("Atendieron"),
        _("Sin resultado"),
        _("Respuestas recibidas"),
        _("Contestaciones"),
        _("Minutos hasta contestar (mediana)"),
        _("Minutos hasta contestar (9 de 10)"),
        _("Bajas"),
        _("Enviados"),
        _("Entregados"),
        _("Leídos"),
        _("Errores"),
    ]
    for row in found.rows:
        yield [row.name, *_cells(row.figures, found, currencies)]
    yield [_("Total"), *_cells(found.total, found, currencies)]
    yield [_("Período anterior"), *_cells(found.before, found, currencies)]


def as_csv(found: Report) -> HttpResponse:
    """Separated as spreadsheets of the zone's country expect it."""
    text = io.StringIO()
    # Only the byte order mark makes Excel read UTF-8.
    text.write("\ufeff")
    writer = SafeCsvWriter(text, delimiter=delimiter_of(country_of(str(found.asked.period.zone))))
    writer.write_all([_word(cell) for cell in row] for row in rows(found))
    return _file(text.getvalue().encode(), found, "csv", "text/csv; charset=utf-8")


def as_xlsx(found: Report) -> HttpResponse:
    return _file(workbook(_("Resultados"), rows(found)), found, "xlsx", _XLSX)


# --- Private ---------------------------------------------------------------------------------------------------------


def _cells(one: Figures, found: Report, currencies: Sequence[str]) -> list[Cell]:
    return [
        one.sales,
        *(one.amounts.get(currency, decimal.Decimal()) for currency in currencies),
        one.corrected,
        one.annulled,
        one.taken,
        round(one.conversion * 100, 2),
        *(one.stages[stage.pk] for stage in found.stages),
        one.contacted,
        one.reached,
        one.untold,
        one.replies,
        one.answers,
        one.median,
        one.ninth_tenth,
        one.opt_outs,
        one.sent,
        one.delivered,
        one.read,
        one.errors,
    ]


def _word(cell: Cell) -> str:
    if isinstance(cell, float | decimal.Decimal):
        return number_format(cell, 2)
    return "" if cell is None else str(cell)


def _file(content: bytes, found: Report, ending: str, kind: str) -> HttpResponse:
    period = found.asked.period
    name = f"resultados-{found.asked.by.value}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.{ending}"
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
