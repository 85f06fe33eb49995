"""Why nothing can be asked for now, said before anybody presses."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import NeverOpens, is_open
from leadmaster.lib.screens import spoken
from opportunities.capacity.availability import is_absent
from opportunities.models import Promoter
from opportunities.queries.time_left import shift_of


def why_closed(promoter: Promoter, now: dt.datetime) -> str:
    """A sentence for the promoter; empty when only the quota says how many. One query."""
    if not promoter.available:
        return _("Por ahora no recibes asignaciones. Habla con tu supervisor.")
    if is_absent(promoter, promoter.desk.date_at(now)):
        return _("Hoy figuras como ausente: no recibes clientes nuevos.")
    if promoter.desk.only_in_hours:
        return _out_of_hours(promoter, now)
    return ""


def _out_of_hours(promoter: Promoter, now: dt.datetime) -> str:
    calendar = promoter.desk.calendar.as_value()
    if is_open(now, calendar):
        return ""
    try:
        opens = shift_of(calendar, now).opens
    except NeverOpens:
        return _("La mesa no tiene horario de atención. Habla con tu supervisor.")
    return _("La mesa está fuera de horario. Puedes pedir desde que abre: %(when)s.") % {
        "when": spoken(opens, now, tz=calendar.tz)
    }
