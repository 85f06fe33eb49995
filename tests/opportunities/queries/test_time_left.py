"""What a row's clock says: one count of what is left, and the hour of the desk."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

import pytest
from django.utils import timezone

from leadmaster.calendars.arithmetic import Calendar, Hours
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from opportunities.queries.time_left import timer_of
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World

NOW = dt.datetime(2026, 11, 23, 15, 0, 30, tzinfo=dt.UTC)
_ALWAYS = Calendar((Hours.of((dt.time(0), dt.time(0))),) * 7, zoneinfo.ZoneInfo("America/Tijuana"), {})


def said(left: dt.timedelta) -> tuple[str, str]:
    row = Opportunity(state=OpportunityState.ACTIVE, deadline=NOW + left)
    timer = timer_of(row, calendar=_ALWAYS, now=NOW)
    assert timer is not None
    return timer.words, timer.at


@pytest.mark.parametrize("seconds", [*range(1, 3_700, 97), 59, 60, 61, 119, 120, 3_599, 3_600])
def test_one_duration_is_counted_once(seconds: int) -> None:
    words, at = said(dt.timedelta(seconds=seconds))
    assert "min" not in at
    counted = [int(number) for number in re.findall(r"(\d+) min", words)]
    assert counted in ([seconds // 60 % 60], [1] if seconds < 60 else [], [])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "Queda menos de 1 min"),
        (60, "Queda 1 min"),
        (150, "Quedan 2 min"),
        (3_600, "Queda 1 h"),
        (7_260, "Quedan 2 h 1 min"),
    ],
)
def test_what_is_left_reads_as_people_say_it(seconds: int, words: str) -> None:
    assert said(dt.timedelta(seconds=seconds))[0] == words


@pytest.fixture
def row(world: World) -> Opportunity:
    """Of a desk in Tijuana; its people there, its supervisor in Córdoba."""
    row = world.give(1)[0]
    calendar = world.promoter.desk.calendar
    calendar.time_zone = "America/Tijuana"
    calendar.save()
    day = timezone.now().date() + dt.timedelta(days=20)
    Opportunity.objects.filter(pk=row.pk).update(deadline=dt.datetime.combine(day, dt.time(20, 30), tzinfo=dt.UTC))
    row.refresh_from_db()
    return row


def expires_within_the_day(world: World, row: Opportunity) -> str:
    """So that the day's page tells it too. At which hour, by the desk's clock."""
    deadline = timezone.now() + dt.timedelta(hours=20)
    Opportunity.objects.filter(pk=row.pk).update(deadline=deadline)
    return f"{timezone.localtime(deadline, world.promoter.desk.calendar.tz):%H:%M}"


_LIST = "/admin/opportunities/opportunity/"


def test_promoter_and_supervisor_read_the_same_hour(world: World, row: Opportunity) -> None:
    assert row.deadline is not None
    there = f"{timezone.localtime(row.deadline, world.promoter.desk.calendar.tz):%H:%M}"
    here = f"{timezone.localtime(row.deadline):%H:%M}"
    assert there != here

    for path in (_LIST, f"{_LIST}{row.pk}/change/", "/admin/", f"/admin/opportunities/lot/{row.lot_id}/change/"):
        text = browser(world, "supervisor").get(path).content.decode()
        assert f"{there} ({here} en tu hora)" in text, path
    there = expires_within_the_day(world, row)
    for path in ("/", "/oportunidades/", f"/oportunidades/{row.pk}/"):
        text = world.browser("promoter").get(path).content.decode()
        assert there in text, path
        assert "en tu hora" not in text, path


def test_a_promoter_who_chose_a_zone_reads_the_desks_hour_first(world: World, row: Opportunity) -> None:
    world.promoter.user.time_zone = "America/Argentina/Cordoba"
    world.promoter.user.save()
    there = expires_within_the_day(world, row)

    for path in ("/", "/oportunidades/", f"/oportunidades/{row.pk}/"):
        assert f"{there} (" in world.browser("promoter").get(path).content.decode(), path
