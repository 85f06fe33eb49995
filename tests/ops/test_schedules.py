"""A machine whose clock ran ahead puts off the periodic tasks: they are pulled back, and somebody is told."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Schedule

from campaigns.health import check_schedules
from leadmaster.ops import schedules

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)


def every(minutes: int, *, next_run: dt.datetime, name: str = "tick 1") -> Schedule:
    return Schedule.objects.create(
        name=name, func="campaigns.tasks.tick", schedule_type=Schedule.MINUTES, minutes=minutes, next_run=next_run
    )


def test_what_waits_longer_than_its_interval_runs_now_and_is_told() -> None:
    late = every(1, next_run=NOW + dt.timedelta(hours=2))

    [result] = check_schedules(NOW)

    late.refresh_from_db()
    assert late.next_run == NOW
    assert "adelantado" in result.title
    assert check_schedules(NOW)[0].ok


@pytest.mark.parametrize(
    ("minutes", "ahead"), [(1, dt.timedelta(minutes=3)), (1440, dt.timedelta(hours=24)), (15, dt.timedelta(minutes=15))]
)
def test_what_waits_its_own_interval_is_left_alone(minutes: int, ahead: dt.timedelta) -> None:
    row = every(minutes, next_run=NOW + ahead)

    assert schedules.pull_back(NOW) == []
    row.refresh_from_db()
    assert row.next_run == NOW + ahead


def test_ensure_schedules_pulls_them_back_too() -> None:
    call_command("ensure_schedules", stdout=StringIO())
    Schedule.objects.update(next_run=NOW + dt.timedelta(hours=2))
    told = StringIO()

    call_command("ensure_schedules", "--json", stdout=told)

    assert json.loads(told.getvalue())["pulled_back"] == Schedule.objects.filter(minutes__lt=120).count()
    assert not Schedule.objects.filter(minutes=1, next_run__gt=timezone.now() + dt.timedelta(minutes=1)).exists()
