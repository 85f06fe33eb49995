"""National holidays, from the `holidays` library, into a calendar. A person looks at them first: a public holiday is
not always a day off, and a date that nobody knew about moves deadlines."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

import holidays
from django.db import models
from django.utils.translation import gettext_lazy as _

from leadmaster.calendars.models import Holiday, OperatingCalendar


class Country(models.TextChoices):
    ARGENTINA = "AR", _("Argentina")
    MEXICO = "MX", _("México")
    BRAZIL = "BR", _("Brasil")


_LANGUAGES = {Country.ARGENTINA: "es", Country.MEXICO: "es", Country.BRAZIL: "pt_BR"}
_NAME_LENGTH = 120
# Días no laborables (Argentina, law 27.399): whether anybody works is each employer's to say. The library counts them
# among the public holidays.
_OPTIONAL = {Country.ARGENTINA: frozenset({"Jueves Santo", "Feriado con fines turísticos"})}


@dataclasses.dataclass(frozen=True, slots=True)
class NationalHoliday:
    """`optional`: not a day off by law; the employer decides."""

    date: dt.date
    name: str
    optional: bool = False

    def __str__(self) -> str:
        mark = _("no laborable: lo decide cada empleador")
        return " · ".join([f"{self.date:%d/%m/%Y}", self.name, *([str(mark)] if self.optional else [])])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Imported:
    """`kept` were there before and stay as somebody wrote them."""

    added: int
    kept: int


def national_holidays(country: Country, years: Iterable[int]) -> list[NationalHoliday]:
    """The country's public holidays of these years in order, named in its own language."""
    found = holidays.country_holidays(country.value, years=sorted(set(years)), language=_LANGUAGES[country])
    optional = _OPTIONAL.get(country, frozenset())
    # A date with two names is a day off when one of them is.
    return [
        NationalHoliday(date, name[:_NAME_LENGTH], optional=optional.issuperset(name.split("; ")))
        for date, name in sorted(found.items())
    ]


def missing_holidays(calendar: OperatingCalendar, country: Country, years: Iterable[int]) -> list[NationalHoliday]:
    """Those whose date has no holiday in the calendar yet. One query."""
    known = set(calendar.holidays.values_list("date", flat=True))
    return [holiday for holiday in national_holidays(country, years) if holiday.date not in known]


def import_holidays(calendar: OperatingCalendar, country: Country, years: Iterable[int]) -> Imported:
    """Add the missing ones as closed days. Doing it again, or twice at once, adds nothing."""
    years = list(years)
    missing = missing_holidays(calendar, country, years)
    # The constraint decides between two people who import at once.
    before = calendar.holidays.count()
    Holiday.objects.bulk_create(
        [Holiday(calendar=calendar, date=holiday.date, name=holiday.name) for holiday in missing],
        ignore_conflicts=True,
    )
    added = calendar.holidays.count() - before
    return Imported(added=added, kept=len(national_holidays(country, years)) - added)
