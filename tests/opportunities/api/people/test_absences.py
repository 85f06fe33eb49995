"""Absences over the API: announced, called off, and refused when their days make no sense."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.opportunities.api.world import World


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_absence_is_announced_and_called_off(world: World) -> None:
    row = world.absence(days=2)

    found = world.client("boss").get("/api/v1/absences/", {"on": row.starts_on.isoformat()}).json()["results"]
    answer = world.post("boss", f"/api/v1/absences/{row.pk}/call-off/")

    assert [one["id"] for one in found] == [row.pk]
    assert answer.json()["ended_at"] is not None
    assert refused(world.post("boss", f"/api/v1/absences/{row.pk}/call-off/")) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("days", "code"), [((2, 1), (422, "incomplete")), ((-3, -2), (409, "wrong_state")), ((1, 3), (409, "wrong_state"))]
)
def test_an_absence_of_days_that_make_no_sense_is_refused(
    days: tuple[int, int], code: tuple[int, str], world: World
) -> None:
    world.absence(days=2)
    starts, ends = ((timezone.now().date() + dt.timedelta(days=day)).isoformat() for day in days)

    body = {"promoter": world.promoter("owner").pk, "starts_on": starts, "ends_on": ends, "policy": "redistribuir"}

    assert refused(world.post("boss", "/api/v1/absences/", body)) == code
