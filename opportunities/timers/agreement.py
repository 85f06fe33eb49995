"""Agreeing to a change that moves clocks: whoever saw its preview sends the preview's token along with the change.

A token names exactly this change of exactly what was saved when it was shown. Pages show the preview again where it
does not fit; programs are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.serialization import fingerprint
from opportunities.errors import Stale
from opportunities.models import Desk, Stage
from opportunities.timers import preview


def of_hours(calendar: OperatingCalendar, *, old: Calendar, new: Calendar) -> str:
    """The token of other hours or holidays of a calendar."""
    return _token("hours", calendar.pk, fingerprint(old), fingerprint(new))


def of_desk(desk: Desk, *, old: Calendar, new: Calendar) -> str:
    """The token of another calendar for a desk."""
    return _token("desk", desk.pk, fingerprint(old), fingerprint(new))


def of_timer(stage: Stage, minutes: int | None) -> str:
    """The token of another timer for a stage."""
    return _token("timer", stage.pk, stage.timer_minutes, minutes)


def require(token: str, *, agreed: str, touched: Callable[[], int]) -> None:
    """Raise Stale unless `agreed` is this change's token, or it touches no clock."""
    if agreed == token:
        return
    if agreed:
        raise Stale(_("Lo guardado cambió desde que lo ensayaste, o este es otro cambio: ensáyalo de nuevo."))
    number = touched()
    if number:
        raise Stale(preview.unread(number))


def _token(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]
