"""The one way in which calendars and holidays are written: what can't work is refused before it is saved."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Hours
from leadmaster.calendars.errors import Refused
from leadmaster.calendars.models import WEEKDAYS, Holiday, HolidayWindow, OpeningWindow, OperatingCalendar


def check_week(week: Sequence[Hours]) -> None:
    """Raises Refused for a week without any opening: timers that count by it would never end; and for a night that goes on
    while the next day has opened already.
    """
    if not any(hours.windows for hours in week):
        raise Refused(_("El calendario no abre nunca: agrega al menos una ventana en algún día de la semana."))
    for day, (hours, following) in enumerate(zip(week, [*week[1:], week[0]], strict=True)):
        if following.windows and following.windows[0].start < hours.after_midnight:
            raise Refused(
                _("Lo que el %(day)s sigue después de medianoche se pisa con el horario del %(next)s.")
                % {"day": str(WEEKDAYS[day]).lower(), "next": str(WEEKDAYS[(day + 1) % 7]).lower()}
            )


@transaction.atomic
def save_calendar(calendar: OperatingCalendar, *, week: Sequence[Hours], only: Collection[str] | None = None) -> None:
    """Write the calendar with exactly these hours, Monday first. `only`: no other column than these.

    Raises Refused, and ValidationError for an unknown time zone or a name or team that has a calendar already.
    """
    check_week(week)
    calendar.full_clean()
    calendar.save(update_fields=only)
    if calendar.week() == tuple(week):
        return
    calendar.windows.all().delete()
    OpeningWindow.objects.bulk_create(
        [
            OpeningWindow(calendar=calendar, weekday=weekday, opens=window.opens, closes=window.closes)
            for weekday, hours in enumerate(week)
            for window in hours.windows
        ]
    )


@transaction.atomic
def make_general(calendar: OperatingCalendar) -> None:
    """From now on this calendar counts for every team that has none of its own. Refused for a team's own."""
    if calendar.team_id is not None:
        raise Refused(_("Es el calendario de un equipo: el general no puede ser de nadie en particular."))
    OperatingCalendar.objects.filter(is_general=True).exclude(pk=calendar.pk).update(is_general=None)
    OperatingCalendar.objects.filter(pk=calendar.pk).update(is_general=True)
    calendar.is_general = True


@transaction.atomic
def save_holiday(holiday: Holiday, *, hours: Hours, only: Collection[str] | None = None) -> None:
    """Write the date with exactly these hours; none at all closes it. `only`: no other column than these.

    Raises ValidationError for a date twice.
    """
    holiday.full_clean()
    holiday.save(update_fields=only)
    holiday.windows.all().delete()
    HolidayWindow.objects.bulk_create(
        [HolidayWindow(holiday=holiday, opens=window.opens, closes=window.closes) for window in hours.windows]
    )
