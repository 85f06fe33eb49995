"""National holidays into a calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.calendars.models import Holiday
from leadmaster.calendars.national import Country, Imported, import_holidays, missing_holidays, national_holidays
from tests.factories.calendars import SPLIT_SHIFT, HolidayFactory, OperatingCalendarFactory


@pytest.mark.parametrize(
    ("country", "date", "name"),
    [
        (Country.ARGENTINA, dt.date(2026, 7, 9), "Día de la Independencia"),
        (Country.ARGENTINA, dt.date(2026, 2, 16), "Lunes de Carnaval"),
        (Country.MEXICO, dt.date(2026, 9, 16), "Día de la Independencia"),
        (Country.MEXICO, dt.date(2026, 2, 2), "Día de la Constitución"),
        (Country.BRAZIL, dt.date(2026, 4, 21), "Tiradentes"),
        (Country.BRAZIL, dt.date(2026, 9, 7), "Independência do Brasil"),
    ],
)
def test_holidays_come_in_the_countrys_language(country: Country, date: dt.date, name: str) -> None:
    assert (date, name) in [(holiday.date, holiday.name) for holiday in national_holidays(country, [2026])]


@pytest.mark.parametrize("country", Country)
def test_every_country_has_holidays_in_order_that_fit_their_column(country: Country) -> None:
    found = national_holidays(country, range(2025, 2036))
    assert len(found) >= 70
    assert found == sorted(found, key=lambda holiday: holiday.date)
    assert {holiday.date.year for holiday in found} == set(range(2025, 2036))
    assert all(0 < len(holiday.name) <= 120 for holiday in found)


@pytest.mark.parametrize(
    ("country", "date", "optional"),
    [
        (Country.ARGENTINA, dt.date(2027, 3, 25), True),  # Jueves Santo
        (Country.ARGENTINA, dt.date(2026, 7, 10), True),  # puente turístico
        (Country.ARGENTINA, dt.date(2026, 4, 2), False),  # Jueves Santo, and Malvinas on the same day
        (Country.ARGENTINA, dt.date(2027, 3, 26), False),
        (Country.MEXICO, dt.date(2026, 9, 16), False),
        (Country.BRAZIL, dt.date(2026, 4, 3), False),
    ],
)
def test_a_day_that_employers_may_choose_is_marked(country: Country, date: dt.date, optional: bool) -> None:
    [holiday] = [one for one in national_holidays(country, [date.year]) if one.date == date]
    assert holiday.optional is optional
    assert ("no laborable" in str(holiday)) is optional


@pytest.mark.django_db
def test_importing_adds_closed_days_and_keeps_what_somebody_wrote() -> None:
    calendar, other = OperatingCalendarFactory.create_batch(2)
    christmas = HolidayFactory.create(calendar=calendar, name="Nochebuena y Navidad", hours=SPLIT_SHIFT)
    expected = {holiday.date for holiday in national_holidays(Country.MEXICO, [2026])}
    assert {holiday.date for holiday in missing_holidays(calendar, Country.MEXICO, [2026])} == expected - {
        christmas.date
    }

    assert import_holidays(calendar, Country.MEXICO, [2026]) == Imported(added=len(expected) - 1, kept=1)
    value = calendar.as_value()
    assert set(value.holidays) == expected
    assert [date for date, hours in value.holidays.items() if hours.windows] == [christmas.date]
    assert Holiday.objects.get(pk=christmas.pk).name == "Nochebuena y Navidad"
    assert not other.holidays.exists()


@pytest.mark.django_db
def test_importing_again_adds_nothing() -> None:
    calendar = OperatingCalendarFactory.create()
    first = import_holidays(calendar, Country.ARGENTINA, [2026, 2027])
    assert first.added == calendar.holidays.count()
    assert import_holidays(calendar, Country.ARGENTINA, [2026, 2027]) == Imported(added=0, kept=first.added)
