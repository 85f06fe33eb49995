"""Calendars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import factory
from factory.django import DjangoModelFactory

from leadmaster.calendars.arithmetic import Hours
from leadmaster.calendars.models import Holiday, HolidayWindow, OpeningWindow, OperatingCalendar

SPLIT_SHIFT = Hours.of((dt.time(9), dt.time(13)), (dt.time(14), dt.time(18)))


class OperatingCalendarFactory(DjangoModelFactory[OperatingCalendar]):
    """Monday to Friday from 9 to 13 and from 14 to 18 in Mexico City, nobody's. `week={5: Hours…}` says other days."""

    class Meta:
        model = OperatingCalendar
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Calendario {n}")
    time_zone = "America/Mexico_City"

    @factory.post_generation
    def week(self: OperatingCalendar, create: bool, extracted: Mapping[int, Hours] | None, **_: Any) -> None:
        if not create:
            return
        week = dict.fromkeys(range(5), SPLIT_SHIFT) if extracted is None else extracted
        OpeningWindow.objects.bulk_create(
            [
                OpeningWindow(calendar=self, weekday=weekday, opens=window.opens, closes=window.closes)
                for weekday, hours in week.items()
                for window in hours.windows
            ]
        )


class HolidayFactory(DjangoModelFactory[Holiday]):
    """Closed all day; `hours=Hours.of(…)` opens it."""

    class Meta:
        model = Holiday
        skip_postgeneration_save = True

    calendar = factory.SubFactory(OperatingCalendarFactory)
    date = dt.date(2026, 12, 25)
    name = "Navidad"

    @factory.post_generation
    def hours(self: Holiday, create: bool, extracted: Hours | None, **_: Any) -> None:
        if not create or extracted is None:
            return
        HolidayWindow.objects.bulk_create(
            [HolidayWindow(holiday=self, opens=window.opens, closes=window.closes) for window in extracted.windows]
        )
