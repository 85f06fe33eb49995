"""Calendars as rows: what they mean, whose they are, and what is refused."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from leadmaster.accounts.roles import Role
from leadmaster.calendars.arithmetic import ALL_DAY, CLOSED, Calendar, Hours
from leadmaster.calendars.errors import NoCalendar, Refused
from leadmaster.calendars.models import Holiday, HolidayWindow, OpeningWindow, OperatingCalendar, values_of
from leadmaster.calendars.write import make_general, save_calendar, save_holiday
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.calendars import SPLIT_SHIFT, HolidayFactory, OperatingCalendarFactory

pytestmark = pytest.mark.django_db

WEEK = (SPLIT_SHIFT,) * 5 + (CLOSED, CLOSED)
MORNING = Hours.of((dt.time(9), dt.time(12)))


def test_rows_become_the_value_they_say() -> None:
    calendar = OperatingCalendarFactory.create(week={0: SPLIT_SHIFT, 6: ALL_DAY})
    HolidayFactory.create(calendar=calendar, date=dt.date(2026, 12, 24), hours=SPLIT_SHIFT)
    HolidayFactory.create(calendar=calendar, date=dt.date(2026, 12, 25))
    HolidayFactory.create(date=dt.date(2026, 1, 1))  # another calendar's
    assert calendar.as_value() == Calendar(
        (SPLIT_SHIFT, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, ALL_DAY),
        zoneinfo.ZoneInfo("America/Mexico_City"),
        {dt.date(2026, 12, 24): SPLIT_SHIFT, dt.date(2026, 12, 25): CLOSED},
    )


def test_many_calendars_become_values_in_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    calendars = OperatingCalendarFactory.create_batch(3)
    for calendar in calendars:
        HolidayFactory.create(calendar=calendar, hours=MORNING)
    with django_assert_num_queries(2):
        values = values_of(calendars)
    assert {value.holidays[dt.date(2026, 12, 25)] for value in values.values()} == {MORNING}
    with django_assert_num_queries(2):
        assert calendars[0].as_value() == values[calendars[0].pk]


def test_saving_replaces_the_hours_and_nothing_else() -> None:
    calendar = OperatingCalendarFactory.create()
    other = OperatingCalendarFactory.create()
    HolidayFactory.create(calendar=calendar)
    calendar.name = "Turno mañana"
    save_calendar(calendar, week=(MORNING,) * 7)
    calendar.refresh_from_db()
    assert calendar.name == "Turno mañana"
    assert calendar.week() == (MORNING,) * 7
    assert other.week() == WEEK
    assert calendar.holidays.count() == 1


def test_saving_the_same_hours_keeps_their_rows() -> None:
    calendar = OperatingCalendarFactory.create()
    before = set(OpeningWindow.objects.values_list("pk", flat=True))
    save_calendar(calendar, week=WEEK)
    assert set(OpeningWindow.objects.values_list("pk", flat=True)) == before


def test_a_calendar_that_never_opens_is_refused_and_nothing_is_saved() -> None:
    with pytest.raises(Refused, match="no abre nunca"):
        save_calendar(OperatingCalendar(name="Nunca", time_zone="America/Mexico_City"), week=(CLOSED,) * 7)
    assert not OperatingCalendar.objects.exists()

    calendar = OperatingCalendarFactory.create()
    with pytest.raises(Refused, match="no abre nunca"):
        save_calendar(calendar, week=(CLOSED,) * 7)
    assert calendar.week() == WEEK


@pytest.mark.parametrize("zone", ["America/Cordobba", "", "../../etc/passwd", "GMT-3 Buenos Aires"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_calendar(OperatingCalendar(name="Equipo", time_zone=zone), week=WEEK)
    assert list(refusal.value.message_dict) == ["time_zone"]
    assert not OperatingCalendar.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"weekday": 7, "opens": dt.time(9), "closes": dt.time(10)},
        {"weekday": 0, "opens": dt.time(9), "closes": dt.time(9)},
    ],
)
def test_the_database_refuses_a_window_that_makes_no_sense(fields: dict[str, object]) -> None:
    calendar = OperatingCalendarFactory.create(week={})
    with pytest.raises(IntegrityError), transaction.atomic():
        OpeningWindow.objects.create(calendar=calendar, **fields)
    assert not calendar.windows.exists()


def test_the_database_refuses_special_hours_that_end_as_they_begin() -> None:
    holiday = HolidayFactory.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        HolidayWindow.objects.create(holiday=holiday, opens=dt.time(10), closes=dt.time(10))


def test_a_night_is_one_window_of_the_day_on_which_it_begins() -> None:
    calendar = OperatingCalendarFactory.create()
    week = (Hours.of((dt.time(22), dt.time(6))),) * 5 + (CLOSED, CLOSED)
    save_calendar(calendar, week=week)

    assert calendar.week() == week
    assert calendar.windows.count() == 5
    value = calendar.as_value()
    # Friday's goes on into Saturday, when it opens no more; Monday's early hours were Sunday's.
    assert value.hours_on(dt.date(2026, 3, 7)) == Hours.of((dt.time(0), dt.time(6)))
    assert value.hours_on(dt.date(2026, 3, 2)) == Hours.of((dt.time(22), dt.time(0)))


def test_a_night_is_not_written_into_hours_that_the_next_day_has_already() -> None:
    calendar = OperatingCalendarFactory.create()
    night, early = Hours.of((dt.time(22), dt.time(6))), Hours.of((dt.time(5), dt.time(9)))
    with pytest.raises(Refused, match="el domingo sigue después de medianoche se pisa con el horario del lunes"):
        save_calendar(calendar, week=(early,) + (CLOSED,) * 5 + (night,))
    assert calendar.week() == WEEK


def test_a_holiday_ends_the_night_before_it_and_begins_none() -> None:
    calendar = OperatingCalendarFactory.create()
    save_calendar(calendar, week=(Hours.of((dt.time(22), dt.time(6))),) * 7)
    save_holiday(Holiday(calendar=calendar, date=dt.date(2026, 3, 4), name="Fiesta"), hours=CLOSED)

    value = calendar.as_value()

    assert [value.hours_on(dt.date(2026, 3, day)) for day in (3, 4, 5)] == [
        Hours.of((dt.time(0), dt.time(6)), (dt.time(22), dt.time(0))),
        CLOSED,
        Hours.of((dt.time(22), dt.time(0))),
    ]


def test_a_date_is_a_holiday_once_in_each_calendar() -> None:
    holiday = HolidayFactory.create()
    with pytest.raises(ValidationError, match="ya es feriado"):
        save_holiday(Holiday(calendar=holiday.calendar, date=holiday.date, name="Otra vez"), hours=CLOSED)
    save_holiday(Holiday(calendar=OperatingCalendarFactory.create(), date=holiday.date, name="Navidad"), hours=CLOSED)
    assert Holiday.objects.count() == 2


def test_a_holiday_gets_exactly_the_hours_that_were_saved() -> None:
    holiday = HolidayFactory.create(hours=SPLIT_SHIFT)
    save_holiday(holiday, hours=MORNING)
    assert holiday.calendar.as_value().holidays == {holiday.date: MORNING}
    save_holiday(holiday, hours=CLOSED)
    assert holiday.calendar.as_value().holidays == {holiday.date: CLOSED}


# --- Whose --------------------------------------------------------------------------------------------------------------


def test_a_team_counts_by_its_own_calendar_and_else_by_the_general_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    general, own = OperatingCalendarFactory.create(), OperatingCalendarFactory.create(team=TeamFactory.create())
    OperatingCalendarFactory.create(team=TeamFactory.create())
    make_general(general)
    with django_assert_num_queries(1):
        assert OperatingCalendar.objects.for_team(own.team_id) == own
    assert OperatingCalendar.objects.for_team(TeamFactory.create().pk) == general
    assert OperatingCalendar.objects.for_team(None) == general


def test_without_a_calendar_nobody_counts_around_the_clock() -> None:
    OperatingCalendarFactory.create(team=TeamFactory.create())
    OperatingCalendarFactory.create()
    with pytest.raises(NoCalendar, match="crea su calendario"):
        OperatingCalendar.objects.for_team(TeamFactory.create().pk)


def test_one_calendar_is_general_at_a_time() -> None:
    first, second = OperatingCalendarFactory.create_batch(2)
    make_general(first)
    make_general(second)
    assert list(OperatingCalendar.objects.filter(is_general=True)) == [second]
    with pytest.raises(IntegrityError), transaction.atomic():
        OperatingCalendar.objects.filter(pk=first.pk).update(is_general=True)


def test_a_teams_calendar_is_never_the_general_one() -> None:
    calendar = OperatingCalendarFactory.create(team=TeamFactory.create())
    with pytest.raises(Refused, match="equipo"):
        make_general(calendar)
    general = OperatingCalendarFactory.create()
    make_general(general)
    general.team = TeamFactory.create()
    with pytest.raises(ValidationError, match="marca otro como general"):
        save_calendar(general, week=WEEK)
    general.refresh_from_db()
    assert general.team is None


def test_people_see_the_general_calendar_and_their_teams() -> None:
    boss, promoter = UserFactory.create(role=Role.SUPERVISOR), UserFactory.create()
    general, own, foreign, nobodys = OperatingCalendarFactory.create_batch(4)
    make_general(general)
    for calendar, team in (
        (own, TeamFactory.create(members=[promoter], supervisors=[boss])),
        (foreign, TeamFactory.create(members=[UserFactory.create()], supervisors=[UserFactory.create()])),
    ):
        calendar.team = team
        calendar.save()
    for person in (boss, promoter):
        assert set(OperatingCalendar.objects.visible_to(person)) == {general, own}
    everything = {general, own, foreign, nobodys}
    assert set(OperatingCalendar.objects.visible_to(UserFactory.create(role=Role.ADMINISTRATOR))) == everything
    assert not OperatingCalendar.objects.visible_to(AnonymousUser())
    assert not OperatingCalendar.objects.visible_to(UserFactory.create(role=Role.ADMINISTRATOR, is_active=False))
