"""The figures as rows of words, for whoever goes on in a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TextIO

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from campaigns.statistics import asking
from campaigns.statistics.sends import By, Figures, Sends, sends
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.tables.safe_csv import SafeCsvWriter, delimiter_of
from leadmaster.lib.zones import country_of


def file_name(sent: Sends, by: By) -> str:
    return f"envios-{by.value}-{sent.period.first:%Y%m%d}-{sent.period.last:%Y%m%d}.csv"


def write(sent: Sends, by: By, stream: TextIO) -> None:
    """One line for each row, and the sum at the end; separated as spreadsheets of the zone's country expect it."""
    # Only the byte order mark makes Excel read UTF-8.
    stream.write("\ufeff")
    writer = SafeCsvWriter(stream, delimiter=delimiter_of(country_of(str(sent.period.zone))))
    writer.write_all(_rows(sent, by))


def answer(sent: Sends, by: By) -> HttpResponse:
    """As a file to be kept."""
    text = io.StringIO()
    write(sent, by, text)
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name(sent, by)}"'},
    )


def download(request: HttpRequest, *, back: str) -> HttpResponse:
    """The file that a page offers; what is refused is told on that page, at `back`."""
    query, user = request.GET.dict(), current_user(request)
    try:
        by = asking.read_by(query)
        asked = asking.read(query, user=user, now=timezone.now())
    except asking.NotUnderstood:
        return HttpResponseRedirect(f"{reverse(back)}?{request.GET.urlencode()}")
    return answer(sends(user, asked.period, asked.wanted), by)


def _rows(sent: Sends, by: By) -> Iterator[list[str]]:
    first = {
        By.DAY: _("Día"),
        By.SESSION: _("Línea"),
        By.OWNER: _("Promotor"),
        By.CAMPAIGN: _("Campaña"),
    }[by]
    yield [
        first,
        _("Número"),
        _("Enviados"),
        _("En el servidor"),
        _("Entregados"),
        _("Leídos"),
        _("Errores"),
        _("A mano"),
        _("Históricos"),
        _("Errores (%)"),
    ]
    for row in sent.rows[by]:
        yield [row.name, "" if row.id is None else str(row.id), *_figures(row.figures)]
    yield [_("Total"), "", *_figures(sent.total)]


def _figures(one: Figures) -> list[str]:
    counts = (one.sent, one.server, one.delivered, one.read, one.errors, one.by_hand, one.historical)
    return [*map(str, counts), number_format(one.error_rate * 100, 2)]
