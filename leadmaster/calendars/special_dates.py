"""The dates on which a team does not work, or has other hours: for those who keep its holidays and not its hours."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.db.models import F, Subquery
from django.db.models.functions import Coalesce

from leadmaster.calendars.arithmetic import Hours, Window
from leadmaster.calendars.models import Holiday, OperatingCalendar


class SpecialDate(NamedTuple):
    """A holiday by its name, with the hours that it has; none at all: closed."""

    name: str
    hours: Hours


def calendar_of(team: str = "") -> Coalesce:
    """The id of the calendar of the team at this path, or of the row itself: its desk's, else its own, else the general one. Null for none.

    By the relation's name, since desks stand above whoever asks here: people of a team rest by the hours they work by.
    """
    general = OperatingCalendar.objects.filter(is_general=True).order_by("pk").values("pk")[:1]
    path = f"{team}__" if team else ""
    return Coalesce(F(f"{path}desk__calendar"), F(f"{path}operating_calendar__pk"), Subquery(general))


def special_dates(
    calendars: Collection[int], *, since: dt.date, until: dt.date
) -> dict[int, Mapping[dt.date, SpecialDate]]:
    """Those of each calendar, both days included. One query."""
    names: dict[tuple[int, dt.date], str] = {}
    windows: dict[tuple[int, dt.date], list[Window]] = collections.defaultdict(list)
    rows = Holiday.objects.filter(calendar__in=calendars, date__range=(since, until)).order_by("date", "windows__opens")
    for calendar, date, name, opens, closes in rows.values_list(
        "calendar", "date", "name", "windows__opens", "windows__closes"
    ):
        names[calendar, date] = name
        if opens is not None:
            windows[calendar, date].append(Window(opens, closes))
    found: dict[int, dict[dt.date, SpecialDate]] = collections.defaultdict(dict)
    for (calendar, date), name in names.items():
        found[calendar][date] = SpecialDate(name, Hours(tuple(windows[calendar, date])))
    return {calendar: dict(dates) for calendar, dates in found.items()}
