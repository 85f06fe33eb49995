"""The lines as a file, for whoever keeps them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.translation import gettext as _

from leadmaster.lib.tables.safe_csv import SafeCsvWriter, delimiter_of
from leadmaster.lib.zones import country_of
from opportunities.audit.entries import Entry


def as_csv(found: Sequence[Entry], *, zone: ZoneInfo) -> HttpResponse:
    text = io.StringIO()
    # Only the byte order mark makes Excel read UTF-8.
    text.write("\ufeff")
    writer = SafeCsvWriter(text, delimiter=delimiter_of(country_of(str(zone))))
    writer.write([_("Cuándo"), _("Quién"), _("Qué"), _("Sobre qué"), _("Antes"), _("Después"), _("Motivo")])
    writer.write_all(
        [
            f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            one.who,
            one.what,
            one.about,
            one.before,
            one.after,
            one.reason,
        ]
        for one in found
    )
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="auditoria.csv"'},
    )
