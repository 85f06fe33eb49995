"""Calendars and holidays on the desk: who may, what the forms refuse, and what a save writes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.arithmetic import CLOSED, Hours
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.national import Country, national_holidays
from leadmaster.calendars.write import make_general
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.calendars import SPLIT_SHIFT, HolidayFactory, OperatingCalendarFactory

pytestmark = pytest.mark.django_db

WEEK = (SPLIT_SHIFT,) * 5 + (CLOSED, CLOSED)


@pytest.fixture
def administrator() -> Browser:
    return _browser(UserFactory.create(role=Role.ADMINISTRATOR))


@pytest.fixture
def supervisor() -> User:
    """With leave to keep calendars."""
    boss: User = UserFactory.create(role=Role.SUPERVISOR)
    boss.user_permissions.set(Permission.objects.filter(content_type__app_label="calendars"))
    return boss


def _browser(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def _form(*, windows: dict[int, list[tuple[str, str]]] | None = None, **fields: Any) -> dict[str, Any]:
    """Monday to Friday in a split shift, but for what is said."""
    shifts = [("09:00", "13:00"), ("14:00", "18:00")]
    week = dict.fromkeys(range(5), shifts) if windows is None else windows
    data: dict[str, Any] = {"name": "Mesa Norte", "time_zone": "America/Mexico_City", "team": "", **fields}
    for weekday in range(7):
        pairs = [*week.get(weekday, []), ("", "")]
        data[f"hours_{weekday}_opens"] = [opens for opens, _closes in pairs]
        data[f"hours_{weekday}_closes"] = [closes for _opens, closes in pairs]
    return data


def _errors(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["adminform"].form.errors)


def test_a_calendar_is_written_with_its_hours(administrator: Browser) -> None:
    team = TeamFactory.create()
    assert "Lunes" in administrator.get(reverse("admin:calendars_operatingcalendar_add")).content.decode()
    answer = administrator.post(reverse("admin:calendars_operatingcalendar_add"), _form(team=team.pk))
    assert answer.status_code == 302
    calendar = OperatingCalendar.objects.get()
    assert (calendar.name, calendar.team, calendar.is_general) == ("Mesa Norte", team, None)
    assert calendar.week() == WEEK


def test_the_page_shows_the_hours_that_are_saved(administrator: Browser) -> None:
    calendar = OperatingCalendarFactory.create(week={5: Hours.of((dt.time(22), dt.time(0)))})
    page = administrator.get(_change(calendar)).content.decode()
    assert 'name="hours_5_opens" value="22:00"' in page
    assert 'name="hours_5_closes" value="00:00"' in page
    answer = administrator.post(_change(calendar), _form(name=calendar.name, windows={6: [("00:00", "00:00")]}))
    assert answer.status_code == 302
    assert calendar.week() == (CLOSED,) * 6 + (Hours.of((dt.time(0), dt.time(0))),)


def test_a_night_is_written_as_one_window(administrator: Browser) -> None:
    form = _form(windows={day: [("22:00", "06:00")] for day in range(7)})
    assert administrator.post(reverse("admin:calendars_operatingcalendar_add"), form).status_code == 302
    calendar = OperatingCalendar.objects.get()
    assert calendar.week() == (Hours.of((dt.time(22), dt.time(6))),) * 7
    page = administrator.get(reverse("admin:calendars_operatingcalendar_changelist")).content.decode()
    assert "22:00–06:00" in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"windows": {}}, "no abre nunca"),
        ({"time_zone": "America/Nada"}, "no es una zona horaria"),
        ({"windows": {0: [("09:00", "12:00"), ("11:00", "13:00")]}}, "se pisan"),
        ({"windows": {0: [("12:00", "12:00")]}}, "abre y cierra a la misma hora"),
        ({"windows": {0: [("22:00", "06:00"), ("23:00", "23:30")]}}, "se pisan"),
        ({"windows": {6: [("22:00", "06:00")], 0: [("05:00", "09:00")]}}, "el domingo sigue después de medianoche"),
    ],
)
def test_what_can_not_work_is_refused_in_words_and_nothing_is_saved(
    administrator: Browser, fields: dict[str, Any], sentence: str
) -> None:
    answer = administrator.post(reverse("admin:calendars_operatingcalendar_add"), _form(**fields))
    assert sentence in _errors(answer)
    assert not OperatingCalendar.objects.exists()
    calendar = OperatingCalendarFactory.create()
    assert sentence in _errors(administrator.post(_change(calendar), _form(**{"name": calendar.name, **fields})))
    assert calendar.week() == WEEK


def test_a_new_general_calendar_takes_the_place_of_the_former(administrator: Browser) -> None:
    former = OperatingCalendarFactory.create()
    make_general(former)
    administrator.post(reverse("admin:calendars_operatingcalendar_add"), _form(general="on"))
    assert OperatingCalendar.objects.get(is_general=True).name == "Mesa Norte"
    both = _form(name="Otra", general="on", team=TeamFactory.create().pk)
    answer = administrator.post(reverse("admin:calendars_operatingcalendar_add"), both)
    assert "no es de ningún equipo" in _errors(answer)


def test_the_list_says_whose_hours_and_what_comes(administrator: Browser) -> None:
    general, own = (
        OperatingCalendarFactory.create(name="Casa"),
        OperatingCalendarFactory.create(name="Norte", team=TeamFactory.create(name="Equipo Norte")),
    )
    make_general(general)
    HolidayFactory.create(calendar=own, date=dt.date(2099, 12, 25))
    page = administrator.get(reverse("admin:calendars_operatingcalendar_changelist")).content.decode()
    for text in ("General", "Equipo Norte", "Lunes a viernes 09:00–13:00, 14:00–18:00", "25/12/2099 · Navidad"):
        assert text in page


def test_the_list_asks_no_more_for_three_calendars_than_for_one(
    administrator: Browser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    HolidayFactory.create(calendar=OperatingCalendarFactory.create(), date=dt.date(2099, 12, 25))
    address = reverse("admin:calendars_operatingcalendar_changelist")
    with CaptureQueriesContext(connection) as for_one:
        administrator.get(address)
    for calendar in OperatingCalendarFactory.create_batch(2):
        HolidayFactory.create(calendar=calendar, date=dt.date(2099, 12, 25))
    with django_assert_num_queries(len(for_one)):
        page = administrator.get(address)
    assert page.content.decode().count("25/12/2099") == 3


# --- Who ----------------------------------------------------------------------------------------------------------------


def test_a_supervisor_keeps_the_calendars_of_their_teams_and_reads_the_general_one(supervisor: User) -> None:
    own = OperatingCalendarFactory.create(team=TeamFactory.create(supervisors=[supervisor]))
    foreign = OperatingCalendarFactory.create(team=TeamFactory.create())
    general = OperatingCalendarFactory.create()
    make_general(general)
    browser = _browser(supervisor)
    hours = {0: [("10:00", "11:00")]}
    assert browser.post(_change(own), _form(name="Nuestro", windows=hours, team=own.team_id)).status_code == 302
    assert own.week()[0] == Hours.of((dt.time(10), dt.time(11)))
    assert browser.get(_change(general)).status_code == 200
    assert browser.post(_change(general), _form(name="Mío", windows=hours)).status_code == 403
    assert browser.get(_change(foreign)).status_code == 404
    assert browser.post(_change(foreign), _form(name="Mío", windows=hours)).status_code == 404
    assert foreign.week() == general.week() == WEEK


def test_a_promoter_sees_no_calendars() -> None:
    calendar = OperatingCalendarFactory.create()
    browser = _browser(UserFactory.create())
    assert browser.get(_change(calendar)).status_code in (302, 403)
    assert browser.get(reverse("admin:calendars_holiday_changelist")).status_code in (302, 403)


def test_nobody_deletes_a_calendar(administrator: Browser) -> None:
    calendar = OperatingCalendarFactory.create()
    address = reverse("admin:calendars_operatingcalendar_delete", args=[calendar.pk])
    assert administrator.post(address, {"post": "yes"}).status_code == 403
    assert OperatingCalendar.objects.exists()


# --- Holidays -----------------------------------------------------------------------------------------------------------


def test_a_holiday_is_written_with_special_hours_and_then_closed(administrator: Browser) -> None:
    calendar = OperatingCalendarFactory.create()
    data = {"calendar": calendar.pk, "date": "2026-12-24", "name": "Nochebuena"}
    morning = {"windows_opens": ["09:00", ""], "windows_closes": ["12:00", ""]}
    assert administrator.post(reverse("admin:calendars_holiday_add"), {**data, **morning}).status_code == 302
    holiday = Holiday.objects.get()
    assert calendar.as_value().holidays == {dt.date(2026, 12, 24): Hours.of((dt.time(9), dt.time(12)))}

    page = administrator.get(reverse("admin:calendars_holiday_changelist")).content.decode()
    assert "09:00–12:00" in page
    change = reverse("admin:calendars_holiday_change", args=[holiday.pk])
    administrator.post(change, {**data, "windows_opens": [""], "windows_closes": [""]})
    assert calendar.as_value().holidays == {dt.date(2026, 12, 24): CLOSED}
    again = administrator.post(reverse("admin:calendars_holiday_add"), {**data, **morning})
    assert "ya es feriado" in _errors(again)


def test_a_supervisor_sees_and_writes_only_holidays_of_their_calendars(supervisor: User) -> None:
    own = OperatingCalendarFactory.create(team=TeamFactory.create(supervisors=[supervisor]))
    foreign = HolidayFactory.create(calendar=OperatingCalendarFactory.create(team=TeamFactory.create()), name="Ajeno")
    HolidayFactory.create(calendar=own, name="Nuestro")
    browser = _browser(supervisor)
    page = browser.get(reverse("admin:calendars_holiday_changelist")).content.decode()
    assert "Nuestro" in page
    assert "Ajeno" not in page
    data = {"calendar": foreign.calendar_id, "date": "2027-01-01", "name": "Año Nuevo"}
    answer = browser.post(
        reverse("admin:calendars_holiday_add"), {**data, "windows_opens": [""], "windows_closes": [""]}
    )
    assert "calendar" in _errors(answer)
    assert Holiday.objects.count() == 2


def test_national_holidays_are_shown_first_and_added_by_a_post(administrator: Browser) -> None:
    calendar = OperatingCalendarFactory.create(time_zone="America/Argentina/Cordoba")
    address = reverse("admin:calendars_operatingcalendar_national", args=[calendar.pk])
    page = administrator.get(f"{address}?country=AR&year=2026").content.decode()
    assert "09/07/2026 · Día de la Independencia" in page
    assert "10/07/2026 · Feriado con fines turísticos · no laborable: lo decide cada empleador" in page
    assert not Holiday.objects.exists()

    answer = administrator.post(address, {"country": "AR", "year": "2026"})
    assert answer.status_code == 302
    expected = {holiday.date for holiday in national_holidays(Country.ARGENTINA, [2026])}
    assert set(calendar.as_value().holidays) == expected
    assert administrator.post(address, {"country": "XX", "year": "2026"}).status_code == 200
    assert administrator.post(address, {"country": "AR", "year": "mucho"}).status_code == 200
    assert calendar.holidays.count() == len(expected)


def test_a_supervisor_imports_no_holidays_into_the_general_calendar(supervisor: User) -> None:
    general = OperatingCalendarFactory.create()
    make_general(general)
    foreign = OperatingCalendarFactory.create(team=TeamFactory.create())
    for calendar, status in ((general, 403), (foreign, 404)):
        address = reverse("admin:calendars_operatingcalendar_national", args=[calendar.pk])
        assert _browser(supervisor).post(address, {"country": "MX", "year": "2026"}).status_code == status
    assert not Holiday.objects.exists()


def _change(calendar: OperatingCalendar) -> str:
    return reverse("admin:calendars_operatingcalendar_change", args=[calendar.pk])
