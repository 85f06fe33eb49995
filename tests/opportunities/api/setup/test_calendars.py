"""Hours and holidays written over the API: the same rules as the pages, the same refusals, the same two steps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from leadmaster.calendars.arithmetic import CLOSED, Hours
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.national import Country, national_holidays
from opportunities.enums import EventKind
from opportunities.models import Opportunity, OpportunityEvent, Retiming, Stage
from opportunities.timers import calendar_editing, recalculation
from tests.factories.calendars import HolidayFactory, OperatingCalendarFactory
from tests.factories.opportunities import DeskFactory
from tests.opportunities.api.world import World

RETIMINGS = "/api/v1/retimings/"
CALENDARS = "/api/v1/calendars/"
HOLIDAYS = "/api/v1/holidays/"
STAGES = "/api/v1/stages/"
NINE_TO_SIX = [{"opens": "09:00", "closes": "18:00"}]
WORKDAYS: list[Any] = [NINE_TO_SIX] * 5 + [[], []]
OPEN = Hours.of((dt.time(9), dt.time(18)))


def calendar_of(world: World) -> OperatingCalendar:
    return world.promoter("owner").desk.calendar


def page(calendar: OperatingCalendar) -> str:
    return f"{CALENDARS}{calendar.pk}/"


def today_and_tomorrow() -> list[dict[str, Any]]:
    today = dt.datetime.now(dt.UTC).date()
    return [{"date": (today + dt.timedelta(days=day)).isoformat(), "windows": []} for day in (0, 1)]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 400
    return list(answer.json()["error"]["fields"])


# --- Calendars --------------------------------------------------------------------------------------------------------


def test_a_calendar_is_made_and_changed_in_part(world: World) -> None:
    body = {"name": "Turno", "time_zone": "America/Bogota", "team": world.team.pk, "week": WORKDAYS}

    made = world.post("boss", CALENDARS, body)
    calendar = OperatingCalendar.objects.get(pk=made.json()["id"])
    told = world.client("boss").patch(page(calendar), {"name": "Turno largo"}).json()

    assert (made.status_code, made.json()["week"][0][0]["opens"]) == (201, "09:00:00")
    assert (told["name"], told["time_zone"], told["team"]) == ("Turno largo", "America/Bogota", world.team.pk)
    assert OperatingCalendar.objects.get(pk=calendar.pk).week() == (OPEN,) * 5 + (CLOSED,) * 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"week": [[]] * 7}, "week"),
        ({"week": WORKDAYS[:5]}, "week"),
        ({"time_zone": "America/Atlantida"}, "time_zone"),
        ({"name": ""}, "name"),
        ({"name": "Tomado"}, "name"),
        ({"team": 987_654}, "team"),
    ],
)
def test_what_cannot_work_is_refused_by_name_and_nothing_is_written(
    body: dict[str, Any], field: str, world: World
) -> None:
    OperatingCalendarFactory.create(name="Tomado")
    calendar = calendar_of(world)
    before = (calendar.name, calendar.as_value(), OperatingCalendar.objects.count())
    whole = {"name": "Nuevo", "time_zone": "UTC", "team": world.team.pk, "week": WORKDAYS}

    assert fields(world.post("admin", CALENDARS, {**whole, **body})) == [field]
    assert fields(world.client("admin").patch(page(calendar), body)) == [field]

    calendar.refresh_from_db()
    assert (calendar.name, calendar.as_value(), OperatingCalendar.objects.count()) == before


def test_only_administrators_say_which_calendar_is_the_general_one(world: World) -> None:
    general = OperatingCalendarFactory.create(is_general=True)
    body = {"name": "Nuevo", "time_zone": "UTC", "week": WORKDAYS, "is_general": True}

    assert fields(world.post("boss", CALENDARS, {**body, "team": None})) == ["is_general"]
    assert fields(world.post("admin", CALENDARS, {**body, "team": world.team.pk})) == ["team"]
    assert fields(world.client("admin").patch(page(general), {"is_general": False})) == ["is_general"]
    made = world.post("admin", CALENDARS, body)

    assert made.json()["is_general"] is True
    general.refresh_from_db()
    assert general.is_general is None


def test_a_supervisor_makes_calendars_of_their_own_teams_only(world: World) -> None:
    body = {"name": "Nuevo", "time_zone": "UTC", "week": WORKDAYS}
    other = world.promoter("outsider").desk.team

    assert fields(world.post("boss", CALENDARS, body)) == ["team"]
    assert fields(world.post("boss", CALENDARS, {**body, "team": other.pk})) == ["team"]
    assert fields(world.client("boss").patch(page(calendar_of(world)), {"team": None})) == ["team"]
    assert not OperatingCalendar.objects.filter(name="Nuevo").exists()


def test_hours_by_which_others_work_are_not_a_supervisors_to_write(world: World) -> None:
    calendar = calendar_of(world)
    holiday = HolidayFactory.create(calendar=calendar)
    DeskFactory.create(calendar=calendar)
    body = {"calendar": calendar.pk, "date": "2031-01-01", "name": "Mío"}
    boss = world.client("boss")
    tries = [
        boss.patch(page(calendar), {"week": WORKDAYS}),
        world.post("boss", f"{page(calendar)}rehearse/", {"week": WORKDAYS}),
        boss.get(f"{page(calendar)}national-holidays/", {"country": "MX", "year": "2030"}),
        world.post("boss", f"{page(calendar)}national-holidays/", {"country": "MX", "year": 2030}),
        world.post("boss", HOLIDAYS, body),
        boss.patch(f"{HOLIDAYS}{holiday.pk}/", {"name": "Mío"}),
        boss.delete(f"{HOLIDAYS}{holiday.pk}/"),
    ]

    assert [refused(one) for one in tries] == [(403, "not_allowed")] * 7
    assert list(Holiday.objects.values_list("name", flat=True)) == [holiday.name]
    assert world.client("admin").delete(f"{HOLIDAYS}{holiday.pk}/").status_code == 204


# --- Rehearsed first --------------------------------------------------------------------------------------------------


def test_hours_that_move_open_clocks_are_written_once_they_were_rehearsed(world: World) -> None:
    row, calendar = world.one(), calendar_of(world)
    minute = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)
    closed_soon = f"{minute:%H:%M}"
    opens = f"{minute + dt.timedelta(hours=1):%H:%M}"
    day = [{"opens": "00:00", "closes": closed_soon}, {"opens": opens, "closes": "00:00"}]
    # Whatever the time of day: open around the clock but for one hour.
    body = {"week": [day if closed_soon < opens else [{"opens": opens, "closes": closed_soon}]] * 7}

    unread = world.client("boss").patch(page(calendar), body)
    told = world.post("boss", f"{page(calendar)}rehearse/", body).json()
    done = world.client("boss").patch(page(calendar), {**body, "rehearsed": told["rehearsed"]})

    assert refused(unread) == (409, "stale")
    assert "1 plazo abierto" in unread.json()["error"]["message"]
    assert (done.status_code, told["moved"]) == (200, 1)
    moved = Opportunity.objects.get(pk=row.pk).deadline
    assert row.deadline is not None
    assert moved == row.deadline + dt.timedelta(hours=1)
    line = OpportunityEvent.objects.filter(opportunity=row).latest("id")
    assert (line.kind, line.by) == (EventKind.RETIMED, world.boss)


def test_of_two_who_rehearsed_the_second_is_told_that_the_hours_are_others_now(world: World) -> None:
    world.one()
    calendar = calendar_of(world)
    mine, theirs = {"week": WORKDAYS}, {"week": [NINE_TO_SIX] * 7}
    seals = [world.post("boss", f"{page(calendar)}rehearse/", body).json()["rehearsed"] for body in (mine, theirs)]

    first = world.client("boss").patch(page(calendar), {**mine, "rehearsed": seals[0]})
    second = world.client("admin").patch(page(calendar), {**theirs, "rehearsed": seals[1]})

    assert first.status_code == 200
    assert refused(second) == (409, "stale")
    assert calendar.as_value().week[6] == CLOSED


def test_hours_that_change_between_the_look_and_the_write_are_not_written_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = calendar_of(world)
    rehearse = calendar_editing.rehearse

    def somebody_is_quicker(*args: Any, **kwargs: Any) -> Any:
        HolidayFactory.create(calendar=calendar, date=dt.date(2031, 1, 1))
        return rehearse(*args, **kwargs)

    monkeypatch.setattr(calendar_editing, "rehearse", somebody_is_quicker)

    assert refused(world.client("boss").patch(page(calendar), {"week": WORKDAYS})) == (409, "stale")
    assert calendar.week()[6] != CLOSED


def test_another_zone_is_rehearsed_and_written(world: World) -> None:
    calendar = calendar_of(world)
    body = {"time_zone": "Asia/Tokyo"}
    told = world.post("boss", f"{page(calendar)}rehearse/", body).json()

    assert world.client("boss").patch(page(calendar), {**body, "rehearsed": told["rehearsed"]}).status_code == 200
    calendar.refresh_from_db()
    assert calendar.time_zone == "Asia/Tokyo"


# --- Holidays ---------------------------------------------------------------------------------------------------------


def test_a_holiday_moves_the_clocks_when_it_comes_and_when_it_goes(world: World) -> None:
    row, calendar = world.one(), calendar_of(world)
    today = today_and_tomorrow()[0]
    body = {"calendar": calendar.pk, "name": "Corte de luz", **today}
    before = row.deadline
    assert before is not None

    unread = world.post("boss", HOLIDAYS, body)
    seal = world.post("boss", f"{page(calendar)}rehearse/", {"holidays": [today]}).json()["rehearsed"]
    made = world.post("boss", HOLIDAYS, {**body, "rehearsed": seal})
    row.refresh_from_db()

    assert refused(unread) == (409, "stale")
    assert (made.status_code, made.json()["windows"]) == (201, [])
    assert row.deadline is not None
    assert row.deadline > before
    path = f"{HOLIDAYS}{made.json()['id']}/"
    assert refused(world.client("boss").delete(path)) == (409, "stale")
    seal = world.post("boss", f"{page(calendar)}rehearse/", {"without": [today["date"]]}).json()["rehearsed"]
    assert world.client("boss").delete(f"{path}?rehearsed={seal}").status_code == 204
    row.refresh_from_db()
    assert row.deadline is not None
    assert abs(row.deadline - before) < dt.timedelta(seconds=30)
    assert not Holiday.objects.exists()


def test_a_holiday_has_special_hours_moves_to_another_day_and_is_there_once(world: World) -> None:
    calendar = calendar_of(world)
    body = {"calendar": calendar.pk, "date": "2031-01-01", "name": "Año nuevo", "windows": NINE_TO_SIX}
    made = world.post("boss", HOLIDAYS, body).json()
    path = f"{HOLIDAYS}{made['id']}/"

    again = world.post("boss", HOLIDAYS, body)
    moved = world.client("boss").patch(path, {"date": "2031-01-02"}).json()
    assert calendar.as_value().holidays == {dt.date(2031, 1, 2): OPEN}
    closed = world.client("boss").patch(path, {"windows": []}).json()

    assert fields(again) == ["general"]
    assert (moved["date"], moved["name"], moved["windows"]) == ("2031-01-02", "Año nuevo", made["windows"])
    assert closed["windows"] == []
    assert calendar.as_value().holidays == {dt.date(2031, 1, 2): CLOSED}


def test_national_holidays_are_shown_then_added_and_those_there_stay(world: World) -> None:
    calendar = calendar_of(world)
    expected = {one.date for one in national_holidays(Country.MEXICO, [2030])}
    mine = HolidayFactory.create(calendar=calendar, date=min(expected), hours=OPEN)
    path, body = f"{page(calendar)}national-holidays/", {"country": "MX", "year": "2030"}

    shown = world.client("boss").get(path, body).json()
    added = world.post("boss", path, body).json()

    assert {dt.date.fromisoformat(one["date"]) for one in shown} == expected - {mine.date}
    assert added == shown
    assert world.post("boss", path, body).json() == []
    assert calendar.as_value().holidays == {**dict.fromkeys(expected, CLOSED), mine.date: OPEN}


def test_a_post_that_is_repeated_writes_one_holiday(world: World) -> None:
    body = {"calendar": calendar_of(world).pk, "date": "2031-01-01", "name": "Año nuevo"}

    answers = [world.post("boss", HOLIDAYS, body, key="una-vez").json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert Holiday.objects.count() == 1


# --- Stages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"active": False}, "active"),
        ({"message_template": "Hola {apellido}"}, "message_template"),
        ({"message_template": "x" * 1_001}, "message_template"),
    ],
)
def test_a_stage_is_refused_what_its_page_refuses(body: dict[str, Any], field: str, world: World) -> None:
    stage = world.funnel.new

    assert fields(world.client("admin").patch(f"{STAGES}{stage.pk}/", body)) == [field]

    before = Stage.objects.get(pk=stage.pk)
    assert (before.active, before.message_template) == (stage.active, stage.message_template)


def test_nothing_leads_out_of_a_stage_that_is_no_work(world: World) -> None:
    body = {"from_stage": world.funnel.sold.pk, "to_stage": world.funnel.new.pk}

    assert fields(world.post("admin", "/api/v1/stage-routes/", body)) == ["from_stage"]


def test_a_change_of_very_many_clocks_says_how_many_have_still_to_follow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculation, "AT_ONCE", 0)
    monkeypatch.setattr(recalculation, "BATCH", 1)
    rows = [world.one() for _ in range(3)]
    stage, now = rows[0].stage, timezone.now()
    assert stage is not None
    recalculation.change_stage(stage, timer_minutes=9_000, by=world.boss, now=now, reason="Más tiempo")

    [told] = world.client("boss").get(RETIMINGS).json()

    assert (told["kind"], told["stage"], told["calendar"], told["reason"]) == ("etapa", stage.pk, None, "Más tiempo")
    assert (told["total"], told["waiting"], told["stuck"]) == (3, 2, False)
    # A stage is everybody's; the hours of a desk are its team's.
    assert len(world.client("other_boss").get(RETIMINGS).json()) == 1
    Retiming.objects.update(teams=[world.team.pk])
    assert world.client("other_boss").get(RETIMINGS).json() == []

    Retiming.objects.update(alive_at=now - dt.timedelta(minutes=10))
    assert [one["stuck"] for one in world.client("boss").get(RETIMINGS).json()] == [True]
    recalculation.apply_backlog(now)
    assert world.client("boss").get(RETIMINGS).json() == []
