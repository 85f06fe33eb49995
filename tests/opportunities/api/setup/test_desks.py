"""Desks over the API: their hours, limits and people; and who may change which."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from opportunities.models import Desk, Opportunity
from tests.factories.accounts import TeamFactory
from tests.factories.opportunities import CalendarFactory
from tests.opportunities.api.asking import refused
from tests.opportunities.api.world import World

V1 = "/api/v1"


OFFICE = [(day, dt.time(9), dt.time(18)) for day in range(7)]


def patch(world: World, path: str, who: str = "boss", **body: Any) -> Any:
    return world.client(who).patch(f"{V1}/{path}", body)


def listed(world: World, path: str, who: str = "boss", **query: Any) -> list[Any]:
    return list(world.client(who).get(f"{V1}/{path}/", query).json()["results"])


def test_a_desk_tells_its_hours_limits_and_people(world: World) -> None:
    desk = world.promoter("owner").desk

    assert listed(world, "desks") == [
        {
            "id": desk.pk,
            "team": world.team.pk,
            "team_name": world.team.name,
            "calendar": desk.calendar_id,
            "only_in_hours": False,
            "daily_quota": 100,
            "daily_captures": 20,
            "capacity": 200,
            "weekly_extensions": 3,
            "promoters": 2,
        }
    ]
    assert len(listed(world, "desks", who="admin")) == 2


def test_what_is_sent_is_changed_and_the_rest_stays(world: World) -> None:
    desk = world.promoter("owner").desk

    refused = patch(world, f"desks/{desk.pk}/", daily_quota=31, team=world.free_team().pk, id=99)
    answer = patch(world, f"desks/{desk.pk}/", daily_quota=30, only_in_hours=True)

    assert (refused.status_code, sorted(refused.json()["error"]["fields"])) == (400, ["id", "team"])
    desk.refresh_from_db()
    assert (answer.status_code, answer.json()["daily_quota"]) == (200, 30)
    assert (desk.daily_quota, desk.only_in_hours, desk.capacity, desk.team) == (30, True, 200, world.team)


@pytest.mark.parametrize(
    "limits", [{"capacity": -1}, {"daily_quota": 10**9}, {"capacity": "muchas"}, {"capacity": None}]
)
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any], world: World) -> None:
    answer = patch(world, f"desks/{world.promoter('owner').desk_id}/", **limits)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(limits))


def test_other_hours_that_move_clocks_are_agreed_to_first(world: World) -> None:
    row, desk = world.one(), world.promoter("owner").desk
    office = CalendarFactory(team=world.team, windows=OFFICE)
    path = f"desks/{desk.pk}/"
    # Late in the evening of the office: the hour that is left ends on another day.
    now = timezone.now().replace(hour=23, minute=0)
    Opportunity.objects.filter(pk=row.pk).update(deadline=now + dt.timedelta(days=1))

    blind = patch(world, path, calendar=office.pk)
    told = world.post("boss", f"{V1}/{path}rehearse/", {"calendar": office.pk}).json()
    wrong = patch(world, path, calendar=office.pk, rehearsed="otro")
    agreed = patch(world, path, calendar=office.pk, rehearsed=told["rehearsed"])

    assert (refused(blind), refused(wrong)) == ((409, "stale"), (409, "stale"))
    assert told["moved"] == 1
    assert (agreed.status_code, agreed.json()["calendar"]) == (200, office.pk)
    assert Opportunity.objects.get(pk=row.pk).deadline != now + dt.timedelta(days=1)


def test_another_teams_hours_do_not_exist_for_a_supervisor(world: World) -> None:
    foreign = CalendarFactory(team=TeamFactory())
    desk = world.promoter("owner").desk

    answer = patch(world, f"desks/{desk.pk}/", calendar=foreign.pk)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["calendar"])
    assert Desk.objects.get(pk=desk.pk).calendar_id == desk.calendar_id


def test_a_team_gets_its_desk_once(world: World) -> None:
    body = {"team": world.free_team().pk, "calendar": world.promoter("owner").desk.calendar_id, "daily_quota": 5}

    first, again = (world.post("admin", f"{V1}/desks/", body) for _ in range(2))

    assert (first.status_code, first.json()["daily_quota"], first.json()["promoters"]) == (201, 5, 0)
    assert (again.status_code, list(again.json()["error"]["fields"])) == (400, ["team"])
