"""The sums of results, one row for each group of a day (`leadmaster.ops.rollups`)."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Min

from campaigns.models import Envio, Reply
from campaigns.statistics import cells
from leadmaster.calendars.models import Holiday, HolidayWindow, OpeningWindow, OperatingCalendar
from leadmaster.calendars.special_dates import calendar_of
from leadmaster.directory.models import Suppression
from leadmaster.lib.periods import Period
from leadmaster.ops import rollups
from opportunities.enums import Measure
from opportunities.models import OpportunityEvent, Promoter, ResultDay
from opportunities.results.counting import Cell, Key, count
from whatsapp.models import WhatsAppSession

NAME = "results"


class ResultSums:
    """Made anew for each run: it looks at the hours once."""

    name = NAME

    def begins(self) -> dt.datetime | None:
        firsts = [
            OpportunityEvent.objects.order_by("pk").values_list("at", flat=True).first(),
            Reply.objects.order_by().aggregate(at=Min("at"))["at"],
            Suppression.objects.order_by().aggregate(at=Min("created_at"))["at"],
            Envio.objects.replies().filter(sent_at__isnull=False).order_by().aggregate(at=Min("sent_at"))["at"],
        ]
        return min((at for at in firsts if at is not None), default=None)

    def basis(self, day: Period) -> str:
        """By whose hours answers are timed, and in whose currency sales are told. What is a holiday later says nothing."""
        told = [f"{date} {text}" for date, text in self._holidays if date <= day.last]
        return _digest([self._standing, *told])

    def write(self, day: Period) -> None:
        zone = str(day.zone)
        ResultDay.objects.filter(zone=zone, day=day.first).delete()
        ResultDay.objects.bulk_create(
            [
                ResultDay(
                    zone=zone,
                    day=cell.day,
                    measure=cell.key.measure,
                    detail=cell.key.detail,
                    person_id=cell.key.person,
                    campaign_id=cell.key.campaign,
                    session_id=cell.key.session,
                    asked=cell.key.asked,
                    number=cell.number,
                    amount=cell.amount,
                )
                for cell in count(day)
            ],
            batch_size=500,
        )

    def forget(self, zone: str) -> None:
        ResultDay.objects.filter(zone=zone).delete()

    def written(self, day: Period) -> set[Cell]:
        """What is written down of this day, whether or not it may be read."""
        return {
            Cell(
                row.day,
                Key(
                    measure=Measure(row.measure),
                    detail=row.detail,
                    person=row.person_id,
                    campaign=row.campaign_id,
                    session=row.session_id,
                    asked=row.asked,
                ),
                row.number,
                row.amount,
            )
            for row in ResultDay.objects.filter(zone=str(day.zone), day=day.first).order_by()
        }

    @functools.cached_property
    def _standing(self) -> str:
        lines = WhatsAppSession.objects.annotate(calendar=calendar_of("team")).order_by("pk")
        desks = Promoter.objects.order_by("pk").values_list("pk", "desk_id", "desk__calendar__time_zone")
        hours = OpeningWindow.objects.order_by("calendar_id", "weekday", "opens", "pk")
        return _digest(
            [
                *map(str, lines.values_list("pk", "calendar")),
                *map(str, desks),
                *map(str, OperatingCalendar.objects.order_by("pk").values_list("pk", "time_zone")),
                *map(str, hours.values_list("calendar_id", "weekday", "opens", "closes")),
            ]
        )

    @functools.cached_property
    def _holidays(self) -> list[tuple[dt.date, str]]:
        windows = HolidayWindow.objects.order_by("holiday_id", "opens").values_list("holiday_id", "opens", "closes")
        special: dict[int, list[str]] = {}
        for holiday, opens, closes in windows:
            special.setdefault(holiday, []).append(f"{opens}-{closes}")
        rows = Holiday.objects.order_by("date", "calendar_id").values_list("pk", "date", "calendar_id")
        return [(date, f"{calendar} {special.get(pk, [])}") for pk, date, calendar in rows]


def roll_up(now: dt.datetime) -> int:
    """Sum up days of sends and of results, for the zones in which anybody asks. Returns how many days."""
    zones = zones_in_use()
    return rollups.run(cells.SUMS, zones, now=now) + rollups.run(ResultSums(), zones, now=now)


def zones_in_use() -> set[str]:
    """Those of every calendar, and the installation's, by which whoever sees several teams asks."""
    return {settings.TIME_ZONE, *OperatingCalendar.objects.order_by().values_list("time_zone", flat=True)}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
