"""The directory follows its base by itself: in slices, one run at a time, and somebody hears of it when it does not."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django_q.models import Schedule
from pytest_django import Settings

from leadmaster.directory import tasks
from leadmaster.directory.health import FAILED, HEARTBEAT, check_sync, directory
from leadmaster.directory.models import Client, SyncState
from leadmaster.directory.sync import SyncError
from leadmaster.directory.sync.run_lock import LOST_AFTER, take
from leadmaster.lib.clock import database_now
from leadmaster.ops import heartbeat
from leadmaster.ops.heartbeat import beat
from leadmaster.ops.models import Alert
from tests.directory.external import ExternalBase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def base(external: ExternalBase, settings: Settings) -> ExternalBase:
    settings.CLIENTS_DATABASE_URL = str(external.path)
    return external


def test_what_changed_comes_in_and_the_heart_beats(base: ExternalBase) -> None:
    base.fill(30)

    assert "new 30" in tasks.sync_clients()

    assert Client.objects.count() == 30
    assert heartbeat.age(HEARTBEAT, now=database_now()) is not None
    assert directory(database_now()).ok


def test_a_run_that_has_no_more_time_is_gone_on_with_by_the_next(
    base: ExternalBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.fill(30)
    monkeypatch.setattr(tasks, "_SECONDS", -1.0)
    tasks.sync_all_clients()
    assert Client.objects.count() == 0
    state = SyncState.objects.get()
    assert state.run is None
    assert state.progress is not None
    assert state.progress["full"] is True

    monkeypatch.setattr(tasks, "_SECONDS", 60.0)
    # The task of what changed ends the full look first.
    assert "read 30" in tasks.sync_clients()
    assert SyncState.objects.get().progress is None


def test_two_at_once_are_one(base: ExternalBase) -> None:
    base.fill(5)
    token = take("externo", polite=False)

    assert tasks.sync_clients() == "running"

    assert Client.objects.count() == 0
    assert SyncState.objects.get().run == token
    assert not Alert.objects.exists()
    assert heartbeat.age(HEARTBEAT, now=database_now()) is not None


def test_a_run_that_lost_its_process_is_taken_over(base: ExternalBase) -> None:
    base.fill(5)
    take("externo", polite=False)
    long_ago = (database_now() - LOST_AFTER - dt.timedelta(seconds=1)).isoformat()
    SyncState.objects.update(progress={"alive_at": long_ago})

    assert "new 5" in tasks.sync_clients()


def test_the_command_takes_over_from_a_task(base: ExternalBase) -> None:
    base.fill(5)
    take("externo", polite=True)

    with pytest.raises(SyncError) as caught:
        take("externo", polite=True)
    call_command("sync_clients", "--json")

    assert caught.value.code == "running"
    assert Client.objects.count() == 5


def test_a_failure_is_told_at_once_and_resolved_by_a_success(base: ExternalBase, settings: Settings) -> None:
    settings.CLIENTS_DATABASE_URL = str(base.path) + "-no.sqlite3"
    tasks.sync_clients()
    tasks.sync_clients()

    alert = Alert.objects.get()
    assert (alert.key, alert.count, alert.resolved_at) == (FAILED, 2, None)
    assert alert.body
    settings.CLIENTS_DATABASE_URL = str(base.path)
    tasks.sync_clients()
    alert.refresh_from_db()
    assert alert.resolved_at is not None


def test_a_late_one_is_an_alert_of_the_watchdog(base: ExternalBase, settings: Settings) -> None:
    now = database_now()
    settings.CLIENTS_SYNC_MINUTES = 10
    check = check_sync(watching_since=None)
    assert not check(now)[0].ok, "it never ran"
    assert check_sync(watching_since=now)(now)[0].ok, "it has only just begun"
    beat(HEARTBEAT, now=now)

    assert check(now + dt.timedelta(minutes=30))[0].ok
    late = check(now + dt.timedelta(minutes=31))[0]
    assert not late.ok
    assert "31 minutos" in late.body
    assert not directory(now + dt.timedelta(minutes=31)).ok


def test_without_a_base_nothing_is_late(settings: Settings) -> None:
    settings.CLIENTS_DATABASE_URL = ""

    assert all(result.ok for result in check_sync(watching_since=None)(database_now()))
    assert directory(database_now()).ok


def test_the_cluster_is_given_the_tasks_only_where_there_is_a_base(base: ExternalBase, settings: Settings) -> None:
    settings.CLIENTS_SYNC_MINUTES, settings.CLIENTS_FULL_SYNC_HOURS = 10, 12
    call_command("ensure_schedules", "--json")
    ours = Schedule.objects.filter(func__startswith="leadmaster.directory.tasks.")

    assert dict(ours.values_list("func", "minutes")) == {
        "leadmaster.directory.tasks.sync_clients": 10,
        "leadmaster.directory.tasks.sync_all_clients": 720,
    }
    settings.CLIENTS_DATABASE_URL = ""
    call_command("ensure_schedules", "--json")
    assert not ours.exists()
