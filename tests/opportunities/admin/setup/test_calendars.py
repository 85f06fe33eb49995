"""A change of hours on the desk: rehearsed first, then written together with the timers it moves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from leadmaster.calendars.arithmetic import CLOSED, Hours
from leadmaster.calendars.models import Holiday, OperatingCalendar
from leadmaster.calendars.national import Country, national_holidays
from leadmaster.calendars.write import make_general
from opportunities.enums import EventKind
from opportunities.models import Opportunity, Retiming
from opportunities.timers import recalculation
from tests.company import signed_in, told
from tests.factories.accounts import UserFactory
from tests.factories.calendars import HolidayFactory
from tests.factories.opportunities import DeskFactory
from tests.opportunities.admin.rules import OUTSIDE, administrator, ask, carried
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

LUNCH = [("00:00", "13:00"), ("14:00", "00:00")]


def calendar_of(world: World) -> OperatingCalendar:
    return world.promoter.desk.calendar


def change(calendar: OperatingCalendar) -> str:
    return reverse("admin:calendars_operatingcalendar_change", args=[calendar.pk])


def form(world: World, windows: list[tuple[str, str]], **fields: Any) -> dict[str, Any]:
    """The calendar of the world's desk, with the same hours every day."""
    calendar = calendar_of(world)
    data = {"name": calendar.name, "time_zone": calendar.time_zone, "team": world.promoter.desk.team_id, **fields}
    for weekday in range(7):
        data[f"hours_{weekday}_opens"] = [opens for opens, _closes in windows]
        data[f"hours_{weekday}_closes"] = [closes for _opens, closes in windows]
    return data


def closed_now() -> dict[str, str]:
    return {"date": timezone.now().date().isoformat(), "name": "Corte de luz"}


def test_a_change_is_shown_first_and_nothing_is_written(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    tomorrow = _all_day_but(timezone.now() + dt.timedelta(minutes=5))
    answer = browser.post(change(calendar_of(world)), form(world, tomorrow))
    page = answer.content.decode()

    assert answer.status_code == 200
    assert f"{row} · {row.client}" in page
    assert str(world.promoter) in page
    assert "después" in page
    before = row.deadline
    row.refresh_from_db()
    assert row.deadline == before
    assert calendar_of(world).week() == (Hours.of((dt.time(0), dt.time(0))),) * 7


def test_then_the_hours_are_saved_and_the_timers_move_with_them(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    windows = _all_day_but(timezone.now() + dt.timedelta(minutes=5))
    shown = browser.post(change(calendar_of(world)), form(world, windows))
    before = row.deadline
    assert before is not None

    done = browser.post(change(calendar_of(world)), carried(shown.content.decode()))

    assert done.status_code == 302
    assert any("Se movió 1 plazo abierto." in sentence for sentence in told(done))
    row.refresh_from_db()
    assert row.deadline is not None
    assert row.deadline - before == dt.timedelta(hours=1)
    assert row.events.filter(kind=EventKind.RETIMED, by=world.supervisor).count() == 1


def test_what_changed_since_it_was_shown_is_shown_again(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    windows = _all_day_but(timezone.now() + dt.timedelta(minutes=5))
    shown = browser.post(change(calendar_of(world)), form(world, windows))
    HolidayFactory.create(calendar=calendar_of(world), date=dt.date(2099, 12, 25))

    again = browser.post(change(calendar_of(world)), carried(shown.content.decode()))

    assert again.status_code == 200
    before = row.deadline
    row.refresh_from_db()
    assert row.deadline == before


def test_a_change_that_moves_nobody_is_saved_at_once(world: World) -> None:
    answer = signed_in(world.supervisor).post(change(calendar_of(world)), form(world, LUNCH))
    assert answer.status_code == 302
    assert calendar_of(world).week()[0] == Hours.of((dt.time(0), dt.time(13)), (dt.time(14), dt.time(0)))


def test_another_zone_moves_timers_too(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    calendar = calendar_of(world)
    night = _all_day_but(timezone.now() + dt.timedelta(minutes=5))
    browser.post(change(calendar), carried(browser.post(change(calendar), form(world, night)).content.decode()))
    row.refresh_from_db()
    before = row.deadline
    assert before is not None

    shown = browser.post(change(calendar), form(world, night, time_zone="America/Mexico_City"))
    browser.post(change(calendar), carried(shown.content.decode()))

    row.refresh_from_db()
    assert row.deadline == before - dt.timedelta(hours=1)
    calendar.refresh_from_db()
    assert calendar.time_zone == "America/Mexico_City"


def test_a_holiday_written_moved_and_deleted_moves_timers_each_time(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    first = row.deadline
    assert first is not None
    data = {"calendar": calendar_of(world).pk, **closed_now()}

    add = reverse("admin:calendars_holiday_add")
    shown = browser.post(add, data)
    assert shown.status_code == 200
    assert not Holiday.objects.exists()
    assert browser.post(add, carried(shown.content.decode())).status_code == 302
    holiday = Holiday.objects.get()
    row.refresh_from_db()
    assert row.deadline is not None
    assert row.deadline > first

    edit = reverse("admin:calendars_holiday_change", args=[holiday.pk])
    later = {**data, "date": "2099-01-01"}
    assert browser.post(edit, carried(browser.post(edit, later).content.decode())).status_code == 302
    row.refresh_from_db()
    assert _near(row.deadline, first)

    browser.post(edit, carried(browser.post(edit, data).content.decode()))
    delete = reverse("admin:calendars_holiday_delete", args=[holiday.pk])
    assert holiday.name in browser.get(delete).content.decode()
    shown = browser.post(delete, {"post": "yes"})
    assert Holiday.objects.exists()
    assert browser.post(delete, carried(shown.content.decode())).status_code == 302
    assert not Holiday.objects.exists()
    row.refresh_from_db()
    assert _near(row.deadline, first)


def test_national_holidays_move_timers_as_any_other(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    url = reverse("admin:calendars_operatingcalendar_national", args=[calendar_of(world).pk])
    year = timezone.now().year
    answer = browser.post(url, {"country": Country.MEXICO, "year": year})
    # Nothing is moved by a date that no open timer crosses.
    expected = {holiday.date for holiday in national_holidays(Country.MEXICO, [year])}
    crossed = {timezone.now().date()} & expected
    assert answer.status_code == (200 if crossed else 302)
    if not crossed:
        assert set(calendar_of(world).as_value().holidays) == expected


def test_a_change_of_very_many_tells_how_far_it_has_come_until_it_is_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalculation, "AT_ONCE", 0)
    monkeypatch.setattr(recalculation, "BATCH", 1)
    world.give(3)
    browser = signed_in(world.supervisor)
    data = {"calendar": calendar_of(world).pk, **closed_now()}
    add = reverse("admin:calendars_holiday_add")

    done = browser.post(add, carried(browser.post(add, data).content.decode()))

    assert any("Faltan mover" in sentence for sentence in told(done))
    pages = [
        reverse("admin:calendars_holiday_changelist"),
        reverse("admin:calendars_operatingcalendar_changelist"),
        change(calendar_of(world)),
        reverse("admin:opportunities_stage_changelist"),
        reverse("admin:opportunities_desk_change", args=[world.promoter.desk.pk]),
    ]
    for page in pages:
        assert "1 de 3 plazos revisados" in browser.get(page).content.decode()
    assert "plazos revisados" not in signed_in(world.foreign_supervisor).get(pages[1]).content.decode()
    Retiming.objects.update(alive_at=timezone.now() - dt.timedelta(minutes=10))
    assert "No avanza" in browser.get(pages[0]).content.decode()

    recalculation.apply_backlog(timezone.now())

    assert "plazos revisados" not in browser.get(pages[0]).content.decode()


# --- Who ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("supervisor", 200), ("administrator", 200), ("foreign_supervisor", 404)])
def test_the_calendar_of_a_desk_is_its_supervisors(world: World, row: Opportunity, who: str, status: int) -> None:
    url = change(calendar_of(world))
    windows = _all_day_but(timezone.now() + dt.timedelta(minutes=5))
    assert ask(world, who, url) == status
    assert ask(world, who, url, "post", form(world, windows)) == status


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_come_to_no_calendar(world: World, who: str, method: str) -> None:
    holiday = HolidayFactory.create(calendar=calendar_of(world))
    for url in (
        change(calendar_of(world)),
        reverse("admin:calendars_operatingcalendar_changelist"),
        reverse("admin:calendars_operatingcalendar_add"),
        reverse("admin:calendars_operatingcalendar_national", args=[calendar_of(world).pk]),
        reverse("admin:calendars_holiday_changelist"),
        reverse("admin:calendars_holiday_add"),
        reverse("admin:calendars_holiday_change", args=[holiday.pk]),
        reverse("admin:calendars_holiday_delete", args=[holiday.pk]),
    ):
        assert ask(world, who, url, method, form(world, LUNCH)) == 403
    assert calendar_of(world).week()[0] == Hours.of((dt.time(0), dt.time(0)))
    assert Holiday.objects.exists()


def test_hours_that_another_team_works_by_are_only_read(world: World) -> None:
    calendar = calendar_of(world)
    DeskFactory.create(calendar=calendar)
    assert ask(world, "supervisor", change(calendar)) == 200
    assert ask(world, "supervisor", change(calendar), "post", form(world, LUNCH)) == 403
    data = {"calendar": calendar.pk, **closed_now()}
    assert ask(world, "supervisor", reverse("admin:calendars_holiday_add"), "post", data) == 200
    assert not Holiday.objects.exists()
    holiday = HolidayFactory.create(calendar=calendar)
    delete = reverse("admin:calendars_holiday_delete", args=[holiday.pk])
    assert ask(world, "supervisor", delete, "post", {"post": "yes"}) == 403
    assert Holiday.objects.exists()


def test_holidays_of_the_general_hours_are_the_administrators(world: World) -> None:
    general = OperatingCalendar.objects.create(name="General", time_zone="UTC")
    make_general(general)
    holiday = HolidayFactory.create(calendar=general)
    edit = reverse("admin:calendars_holiday_change", args=[holiday.pk])
    data = {"calendar": general.pk, "date": "2030-01-01", "name": "Mío"}
    assert ask(world, "supervisor", edit) == 200
    assert ask(world, "supervisor", edit, "post", data) == 403
    assert signed_in(administrator()).post(edit, data).status_code == 302
    assert general.as_value().holidays == {dt.date(2030, 1, 1): CLOSED}


def test_a_supervisor_makes_calendars_for_their_own_teams_and_no_general_one(world: World) -> None:
    add = reverse("admin:calendars_operatingcalendar_add")
    browser = signed_in(world.supervisor)
    foreign = form(world, LUNCH, name="Ajeno", team=world.stranger.desk.team_id)
    assert browser.post(add, foreign).status_code == 200
    assert browser.post(add, form(world, LUNCH, name="De nadie", team="")).status_code == 200
    assert browser.post(add, form(world, LUNCH, name="Nuestro", general="on")).status_code == 302
    made = OperatingCalendar.objects.get(name="Nuestro")
    assert (made.team_id, made.is_general) == (world.promoter.desk.team_id, None)
    assert not OperatingCalendar.objects.filter(name__in=["Ajeno", "De nadie"]).exists()


def test_a_supervisor_of_no_team_sees_no_calendar(world: World) -> None:
    outsider = signed_in(UserFactory.create(role="supervisor"))
    assert outsider.get(change(calendar_of(world))).status_code == 404
    page = outsider.get(reverse("admin:calendars_operatingcalendar_changelist")).content.decode()
    assert calendar_of(world).name not in page


def _all_day_but(moment: dt.datetime) -> list[tuple[str, str]]:
    """Open around the clock but for one hour from this minute on."""
    minutes = moment.hour * 60 + moment.minute
    start, end = minutes % 1440, (minutes + 60) % 1440
    if start < end:
        pairs = [(0, start), (end, 0)]
        return [(_clock(opens), _clock(closes)) for opens, closes in pairs if opens != closes or not opens]
    return [(_clock(end), _clock(start))]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _near(moment: dt.datetime | None, other: dt.datetime) -> bool:
    return moment is not None and abs(moment - other) < dt.timedelta(seconds=30)
