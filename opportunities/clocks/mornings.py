"""When people come back to a client: in an hour, on the next morning that the desk works."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar, NeverOpens, next_opening
from leadmaster.lib.clock import business_day, local_datetime
from opportunities.errors import Incomplete

NINE: Final = dt.time(9)


def next_morning(calendar: Calendar, now: dt.datetime) -> dt.datetime:
    """Nine o'clock of the next day on which it opens, by its own clock; where it is closed then, when it opens next that
    day, or when it first opened. Raises Incomplete for hours that never come."""
    tomorrow = business_day(now, calendar.tz) + dt.timedelta(days=1)
    try:
        opens = next_opening(local_datetime(tomorrow, dt.time(0), calendar.tz), calendar)
    except NeverOpens:
        raise Incomplete(_("El horario de la mesa no abre nunca: pide a un administrador que lo corrija.")) from None
    day = business_day(opens, calendar.tz)
    nine = local_datetime(day, NINE, calendar.tz)
    if nine <= opens:
        return opens
    later = next((max(nine, one.opens) for one in calendar.day(day).stretches if one.closes > nine), None)
    return later or opens
