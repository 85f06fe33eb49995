"""Hours and holidays read over the API, and a change of them tried without being made."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from leadmaster.calendars.arithmetic import Hours
from leadmaster.calendars.models import OperatingCalendar
from opportunities.models import Opportunity
from tests.factories.calendars import HolidayFactory, OperatingCalendarFactory
from tests.opportunities.api.world import World

CALENDARS = "/api/v1/calendars/"


def always() -> list[list[dict[str, str]]]:
    return [[{"opens": "00:00", "closes": "00:00"}] for _day in range(7)]


def test_hours_are_told_by_day_with_lunch_and_the_end_of_the_day(world: World) -> None:
    calendar = OperatingCalendarFactory.create(
        team=world.team,
        week={
            0: Hours.of((dt.time(9), dt.time(13)), (dt.time(14), dt.time(18))),
            6: Hours.of((dt.time(20), dt.time(0))),
        },
    )

    told = world.client("colleague").get(f"{CALENDARS}{calendar.pk}/").json()

    assert (told["time_zone"], told["team"], told["is_general"]) == ("America/Mexico_City", world.team.pk, False)
    assert told["week"] == [
        [{"opens": "09:00:00", "closes": "13:00:00"}, {"opens": "14:00:00", "closes": "18:00:00"}],
        *[[]] * 5,
        [{"opens": "20:00:00", "closes": "00:00:00"}],
    ]


def test_the_general_calendar_is_everybodys_to_read(world: World) -> None:
    general = OperatingCalendarFactory.create(is_general=True)

    assert world.client("outsider").get(f"{CALENDARS}{general.pk}/").json()["is_general"] is True
    refusal = world.post("boss", f"{CALENDARS}{general.pk}/rehearse/", {"week": always()})
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (403, "not_allowed")


def test_holidays_are_found_by_calendar_and_date(world: World) -> None:
    calendar = world.promoter("owner").desk.calendar
    HolidayFactory.create(calendar=calendar, date=dt.date(2026, 12, 25))
    half = HolidayFactory.create(calendar=calendar, date=dt.date(2027, 1, 2), hours=Hours.of((dt.time(9), dt.time(12))))

    asked: dict[str, Any] = {"calendar": calendar.pk, "since": "2027-01-01"}
    found = world.client("owner").get("/api/v1/holidays/", asked).json()

    assert [(one["id"], one["windows"]) for one in found["results"]] == [
        (half.pk, [{"opens": "09:00:00", "closes": "12:00:00"}])
    ]


def test_a_rehearsal_tells_which_deadlines_move_and_changes_nothing(world: World) -> None:
    row, calendar = world.one(), world.promoter("owner").desk.calendar
    today = dt.datetime.now(dt.UTC).date()
    closed = [{"date": (today + dt.timedelta(days=day)).isoformat(), "windows": []} for day in (0, 1)]

    told = world.post("boss", f"{CALENDARS}{calendar.pk}/rehearse/", {"holidays": closed}).json()
    same = world.post("boss", f"{CALENDARS}{calendar.pk}/rehearse/", {"week": always()}).json()

    assert (told["moved"], told["later"], [move["opportunity"] for move in told["moves"]]) == (1, 1, [row.pk])
    assert told["most_seconds_gained"] > 86_400
    assert (same["moved"], same["unchanged"]) == (0, 1)
    assert Opportunity.objects.get(pk=row.pk).deadline == row.deadline
    assert not calendar.holidays.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"week": [[]] * 7}, "week"),
        ({"week": [[]] * 6}, "week"),
        ({"week": [[{"opens": "09:00", "closes": "09:00"}], *[[]] * 6]}, "week.0"),
        ({"week": [[{"opens": "9", "closes": "18:00"}], *[[]] * 6]}, "week.0.0.opens"),
        (
            {"week": [[{"opens": "09:00", "closes": "13:00"}, {"opens": "12:00", "closes": "18:00"}], *[[]] * 6]},
            "week.0",
        ),
        ({"holidays": [{"date": "ayer", "windows": []}]}, "holidays.0.date"),
    ],
)
def test_hours_that_cannot_be_are_refused_by_name(body: dict[str, Any], field: str, world: World) -> None:
    calendar = world.promoter("owner").desk.calendar

    answer = world.post("boss", f"{CALENDARS}{calendar.pk}/rehearse/", body)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert OperatingCalendar.objects.get(pk=calendar.pk).as_value() == calendar.as_value()
