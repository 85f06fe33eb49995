"""What a supervisor keeps over the API: desks and their hours, promoters, ledgers, rests; and what the directory tells."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from opportunities.models import CoolDown, Desk, Opportunity, Promoter
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.opportunities import CalendarFactory, PromoterFactory
from tests.opportunities.api.asking import act, refused, state
from tests.opportunities.api.world import World

V1 = "/api/v1"
OFFICE = [(day, dt.time(9), dt.time(18)) for day in range(7)]


def patch(world: World, path: str, who: str = "boss", **body: Any) -> Any:
    return world.client(who).patch(f"{V1}/{path}", body)


def listed(world: World, path: str, who: str = "boss", **query: Any) -> list[Any]:
    return list(world.client(who).get(f"{V1}/{path}/", query).json()["results"])


# --- Desks --------------------------------------------------------------------------------------------------------------


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

    answer = patch(world, f"desks/{desk.pk}/", daily_quota=30, only_in_hours=True, team=world.free_team().pk, id=99)

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


# --- Promoters ----------------------------------------------------------------------------------------------------------


def test_a_promoter_is_switched_off_and_told_as_no_receiver(world: World) -> None:
    promoter = world.promoter("owner")

    told = patch(world, f"promoters/{promoter.pk}/", available=False, daily_quota=None, capacity=3).json()

    promoter.refresh_from_db()
    assert (promoter.available, promoter.capacity, promoter.daily_quota) == (False, 3, None)
    assert (told["available"], told["receives"], told["capacity"], told["room"]) == (False, False, 3, 3)


def test_room_is_what_quota_and_hands_leave_both(world: World) -> None:
    world.give(2)
    promoter = world.promoter("owner")
    Promoter.objects.filter(pk=promoter.pk).update(capacity=3)

    told = world.client("boss").get(f"{V1}/promoters/{promoter.pk}/").json()

    assert (told["left"], told["active"], told["room"], told["receives"]) == (98, 2, 1, True)


def test_whoever_is_away_today_receives_nothing(world: World) -> None:
    world.absence(days=0)

    told = world.client("boss").get(f"{V1}/promoters/{world.promoter('owner').pk}/").json()

    assert (told["available"], told["absent"], told["receives"]) == (True, True, False)


def test_nobody_sets_their_own_limits(world: World) -> None:
    """A supervisor may work at a desk that somebody else supervises."""
    me = PromoterFactory(user=world.boss, desk=world.promoter("outsider").desk)

    answer = patch(world, f"promoters/{me.pk}/", capacity=1_000)

    assert refused(answer) == (403, "not_allowed")
    assert Promoter.objects.get(pk=me.pk).capacity is None


@pytest.mark.parametrize("body", [{"user": 1}, {"desk": 2}, {"team": 3}, {"version": 1}])
def test_who_sits_where_is_not_changed_by_the_way(body: dict[str, Any], world: World) -> None:
    promoter = world.promoter("owner")

    assert patch(world, f"promoters/{promoter.pk}/", **body).status_code == 200
    assert world.promoter("owner") == promoter
    assert world.promoter("owner").desk_id == promoter.desk_id


def test_only_a_promoter_without_a_desk_is_seated(world: World) -> None:
    desk, new = world.promoter("owner").desk_id, UserFactory.create()

    answers = [
        world.post("admin", f"{V1}/promoters/", {"user": user.pk, "desk": desk})
        for user in (new, new, world.colleague, world.boss, UserFactory.create(is_active=False))
    ]

    assert [answer.status_code for answer in answers] == [201, 400, 400, 400, 400]
    assert (answers[0].json()["user"], answers[0].json()["desk"]) == (new.pk, desk)


# --- Ledgers, rests, synchronisations -------------------------------------------------------------------------------------


def test_the_ledger_of_all_promoters_is_the_supervisors_of_their_teams(world: World) -> None:
    world.one()
    world.give(to="outsider")

    [line] = listed(world, "quota-entries")

    assert (line["promoter"], line["kind"], line["amount"]) == (world.promoter("owner").pk, "asignacion", 1)
    assert len(listed(world, "quota-entries", who="admin")) == 2
    assert listed(world, "quota-entries", promoter=world.promoter("outsider").pk) == []
    assert listed(world, "quota-entries", day="2020-01-01") == []
    assert len(listed(world, "quota-entries", kind="asignacion")) == 1


def test_rests_are_told_while_they_last_to_who_supervises_the_promoter(world: World) -> None:
    row = world.exit()
    [rest] = CoolDown.objects.all()

    assert [(one["client"], one["promoter"]) for one in listed(world, "cool-downs")] == [
        (row.client_id, world.promoter("owner").pk)
    ]
    assert listed(world, "cool-downs", who="other_boss", client=row.client_id) == []
    CoolDown.objects.filter(pk=rest.pk).update(until=timezone.now())
    assert listed(world, "cool-downs") == []


def test_a_synchronisation_tells_how_far_it_is_and_what_it_found(world: World) -> None:
    done = world.sync()

    told = world.client("boss").get(f"{V1}/syncs/{done.pk}/").json()
    assert (told["running"], told["report"]["read"], told["report"]["new"], told["report"]["gone"]) == (False, 20, 3, 0)
    done.progress = {"done": 5, "total": 20, "alive_at": "2026-01-01T00:00:00+00:00"}
    done.save()
    told = world.client("boss").get(f"{V1}/syncs/{done.pk}/").json()
    assert (told["running"], told["done"], told["total"]) == (True, 5, 20)


# --- Two supervisors, one inbox -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["reassign", "return-to-pool", "close", "give-back"])
def test_a_decision_about_what_somebody_decided_meanwhile_is_refused(verb: str, world: World) -> None:
    """The second supervisor saw it in the inbox; the first one has given it to somebody who works it now."""
    row = world.exit()
    seen = row.version
    act(world, row, "reassign", who="boss", promoter=world.promoter("colleague").pk)

    body: dict[str, Any] = {"promoter": world.promoter("owner").pk} if verb == "reassign" else {}
    answer = act(world, row, verb, who="boss", reason="Número equivocado", version=seen, **body)

    assert refused(answer) == (409, "stale")
    assert str(world.boss) in answer.json()["error"]["message"]
    assert (state(row), Opportunity.objects.get(pk=row.pk).owner) == ("activa", world.promoter("colleague"))


def test_with_the_version_that_it_has_the_decision_is_taken(world: World) -> None:
    row = world.exit()

    assert act(world, row, "close", who="boss", reason="Número equivocado", version=row.version).status_code == 200
    assert state(row) == "perdida"
