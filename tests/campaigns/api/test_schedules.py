"""Schedules over the API: what is changed waits for approval again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from campaigns.enums import CampaignState, ScheduleState
from campaigns.models import Schedule
from tests.campaigns.api.world import World
from tests.factories.campaigns import AttemptFactory, ScheduleDayFactory

URL = "/api/v1/schedules/"


def form(campaign_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "campaign": campaign_id,
        "weekdays": [4, 0, 0],
        "starts_on": "2026-03-02",
        "ends_on": None,
        "daily_cap": 50,
        "windows": [{"opens": "15:00", "closes": "00:00"}, {"opens": "09:00", "closes": "13:00"}],
        **changes,
    }


def test_is_made_with_its_windows_and_waits_for_approval(world: World) -> None:
    answer = world.client("owner").post(URL, form(world.campaign().pk))

    schedule = Schedule.objects.get(pk=answer.json()["id"])
    assert (schedule.weekdays, schedule.daily_cap, schedule.state) == ("04", 50, ScheduleState.PENDING)
    assert [(window.opens, window.closes) for window in schedule.windows.all()] == [
        (dt.time(9), dt.time(13)),
        (dt.time(15), dt.time(0)),
    ]
    assert answer.json()["weekdays"] == [0, 4]


def test_a_window_over_midnight_is_one_and_reads_back_as_it_was_written(world: World) -> None:
    night = [{"opens": "22:00:00", "closes": "02:00:00"}]

    answer = world.client("owner").post(URL, form(world.campaign().pk, windows=night))

    assert (answer.status_code, answer.json()["windows"]) == (201, night)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": [7]}, "weekdays.0"),
        ({"windows": []}, "windows"),
        ({"windows": [{"opens": "13:00", "closes": "13:00"}]}, "windows.0.closes"),
        ({"windows": [{"opens": "22:00", "closes": "02:00"}, {"opens": "01:00", "closes": "05:00"}]}, "windows"),
        ({"windows": [{"opens": "22:00", "closes": "02:00"}, {"opens": "23:00", "closes": "00:00"}]}, "windows"),
        ({"windows": [{"opens": "09:00", "closes": "12:00"}, {"opens": "11:00", "closes": "13:00"}]}, "windows"),
        ({"windows": [{"opens": "09:00", "closes": "00:00"}, {"opens": "11:00", "closes": "13:00"}]}, "windows"),
        ({"windows": [{"opens": "09:00", "closes": "10:00"}] * 2}, "windows"),
        ({"ends_on": "2026-03-01"}, "ends_on"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"campaign": 0}, "campaign"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(changes: dict[str, Any], field: str, world: World) -> None:
    answer = world.client("owner").post(URL, form(world.campaign().pk, **changes))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])
    assert not Schedule.objects.exists()


def test_what_is_changed_waits_for_approval_again(world: World) -> None:
    schedule = world.schedule(ScheduleState.APPROVED, campaign=world.campaign(CampaignState.RUNNING))

    answer = world.client("owner").patch(
        f"{URL}{schedule.pk}/", {"daily_cap": 7, "windows": [{"opens": "10:00", "closes": "11:00"}]}
    )

    assert answer.json()["state"] == ScheduleState.PENDING
    schedule.refresh_from_db()
    assert (schedule.daily_cap, schedule.state, schedule.decided_by, schedule.decided_at) == (
        7,
        ScheduleState.PENDING,
        None,
        None,
    )
    assert [(window.opens, window.closes) for window in schedule.windows.all()] == [(dt.time(10), dt.time(11))]


@pytest.mark.parametrize(
    ("window", "missing"),
    [({}, ["closes", "opens"]), ({"opens": "10:00"}, ["closes"]), ({"closes": "10:00"}, ["opens"])],
)
def test_a_change_brings_its_windows_whole(window: dict[str, str], missing: list[str], world: World) -> None:
    """What a change may leave out are its own fields, not those of what it holds."""
    schedule = world.schedule()
    before = list(schedule.windows.values_list("opens", "closes"))

    answer = world.client("owner").patch(f"{URL}{schedule.pk}/", {"windows": [window]})

    assert answer.status_code == 400
    assert sorted(answer.json()["error"]["fields"]) == [f"windows.0.{name}" for name in missing]
    assert list(schedule.windows.values_list("opens", "closes")) == before


def test_windows_stay_when_they_are_not_named(world: World) -> None:
    schedule = world.schedule()

    world.client("owner").patch(f"{URL}{schedule.pk}/", {"daily_cap": 7})

    assert schedule.windows.count() == 1


def test_a_schedule_stays_with_its_campaign(world: World) -> None:
    schedule = world.schedule()

    answer = world.client("owner").patch(f"{URL}{schedule.pk}/", {"campaign": world.campaign().pk})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["campaign"])


@pytest.mark.parametrize("state", [CampaignState.FINISHED, CampaignState.CANCELLED])
def test_the_schedule_of_an_ended_campaign_is_not_changed(state: CampaignState, world: World) -> None:
    schedule = world.schedule(campaign=world.campaign(state))
    client = world.client("owner")

    answers = [
        client.post(URL, form(schedule.campaign_id)),
        client.patch(f"{URL}{schedule.pk}/", {"daily_cap": 1}),
        client.delete(f"{URL}{schedule.pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert Schedule.objects.get().daily_cap == 180


def test_while_it_waits_for_approval_its_owner_changes_nothing(world: World) -> None:
    """Nobody approves times that they did not see."""
    schedule = world.schedule(campaign=world.campaign(CampaignState.AWAITING_APPROVAL))
    client = world.client("owner")

    answers = [
        client.post(URL, form(schedule.campaign_id)),
        client.patch(f"{URL}{schedule.pk}/", {"daily_cap": 1}),
        client.delete(f"{URL}{schedule.pk}/"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert "espera aprobación" in answers[0].json()["error"]["message"]
    assert Schedule.objects.get().daily_cap == 180


def test_whoever_approves_may_correct_it_first(world: World) -> None:
    schedule = world.schedule(campaign=world.campaign(CampaignState.AWAITING_APPROVAL))

    answer = world.client("boss").patch(f"{URL}{schedule.pk}/", {"daily_cap": 60})

    assert answer.status_code == 200
    assert Schedule.objects.get().daily_cap == 60


def test_one_that_already_sent_is_not_deleted(world: World) -> None:
    schedule = world.schedule(ScheduleState.APPROVED, campaign=world.campaign(CampaignState.RUNNING))
    AttemptFactory.create(
        envio=world.envio(campaign=schedule.campaign), schedule_day=ScheduleDayFactory.create(schedule=schedule)
    )

    answer = world.client("owner").delete(f"{URL}{schedule.pk}/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert "fecha de fin" in answer.json()["error"]["message"]
    assert schedule.windows.exists()


@pytest.mark.parametrize(("verb", "state"), [("approve", ScheduleState.APPROVED), ("reject", ScheduleState.REJECTED)])
def test_a_supervisor_decides_one_schedule(verb: str, state: ScheduleState, world: World) -> None:
    schedule = world.schedule()

    version = world.client("boss").get(f"{URL}{schedule.pk}/").json()["version"]
    answer = world.client("boss").post(f"{URL}{schedule.pk}/{verb}/", {"version": version})

    schedule.refresh_from_db()
    assert (answer.json()["state"], schedule.state, schedule.decided_by) == (state.value, state, world.boss)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_what_changed_since_the_look_is_not_decided(verb: str, world: World) -> None:
    schedule = world.schedule()
    boss, address = world.client("boss"), f"{URL}{schedule.pk}/"
    version = boss.get(address).json()["version"]
    world.client("owner").patch(address, {"windows": [{"opens": "03:00", "closes": "04:00"}]})

    answer = boss.post(f"{address}{verb}/", {"version": version})

    schedule.refresh_from_db()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale")
    assert schedule.state == ScheduleState.PENDING
    assert boss.post(f"{address}{verb}/").status_code == 400
