"""The watchdog checks from outside, tells people, and outlives a database outage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.utils import timezone

from leadmaster.ops.alerts import CheckResult
from leadmaster.ops.heartbeat import age, beat
from leadmaster.ops.models import Alert
from leadmaster.ops.notify import Mail, Notifier
from leadmaster.ops.watchdog import Check, Watchdog, check_tick

NOON = dt.datetime(2026, 2, 7, 12, 0, tzinfo=dt.UTC)


def after(seconds: int) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def watchdog(*checks: Check) -> Watchdog:
    return Watchdog(checks, notifier=Notifier([Mail(["guardia@example.com"])]))


def keys(results: Sequence[CheckResult]) -> list[str]:
    return [result.key for result in results if not result.ok]


# --- The tick ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_beating_tick_is_well() -> None:
    beat("tick", now=NOON)

    assert keys(check_tick(watching_since=None)(after(150))) == []


@pytest.mark.django_db
def test_a_silent_tick_is_in_trouble_within_three_minutes() -> None:
    beat("tick", now=NOON)

    # 20 s between two looks: whatever the moment of the last beat, somebody looks between second 150 and 180.
    assert keys(check_tick(watching_since=None)(after(151))) == ["tick_late"]


@pytest.mark.django_db
def test_a_tick_that_never_beat_is_in_trouble() -> None:
    (result,) = check_tick(watching_since=None)(NOON)

    assert result.key == "tick_late"
    assert "ensure_schedules" in result.body


@pytest.mark.django_db
def test_a_system_that_was_just_started_gets_its_first_minutes() -> None:
    beat("tick", now=NOON - dt.timedelta(hours=10))
    check = check_tick(watching_since=NOON)

    assert keys(check(after(150))) == []
    assert keys(check(after(151))) == ["tick_late"]


# --- A pass -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_pass_opens_tells_resolves_and_tells_again() -> None:
    now = timezone.now()
    in_trouble = [CheckResult(key="tick_late", title="Sin latido")]
    well = [CheckResult(key="tick_late")]
    results = iter([in_trouble, in_trouble, well, well])
    dog = watchdog(lambda _now: next(results))

    first = dog.look(wall_clock=now)
    assert (first.ok, first.troubles, first.opened, first.told) == (False, ("tick_late",), ("tick_late",), 1)
    second = dog.look(wall_clock=now)
    assert (second.ok, second.troubles, second.opened, second.told) == (False, ("tick_late",), (), 0)
    third = dog.look(wall_clock=now)
    assert (third.ok, third.resolved, third.told) == (True, ("tick_late",), 0)
    Alert.objects.update(resolved_at=now - dt.timedelta(minutes=3))
    assert dog.look(wall_clock=now).told == 1, "its end is told when it has lasted"

    assert [message.subject for message in mail.outbox] == [
        "[LeadMaster] Crítica: Sin latido",
        "[LeadMaster] Resuelta: Sin latido",
    ]
    alert = Alert.objects.get()
    assert (alert.count, alert.resolved_by) == (2, None)
    watchdog_age = age("watchdog", now=timezone.now())
    assert watchdog_age is not None
    assert watchdog_age < dt.timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_a_judge_with_a_bug_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_now: dt.datetime) -> Sequence[CheckResult]:
        raise ZeroDivisionError

    report = watchdog(broken, lambda _now: [CheckResult(key="gateway", title="No responde")]).look(wall_clock=NOON)

    assert report.opened == ("gateway",)
    assert "a check of the watchdog failed" in caplog.text


# --- Without a database -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_database_outage_is_told_once_after_a_minute_and_so_is_its_end() -> None:
    down = True

    def check(_now: dt.datetime) -> Sequence[CheckResult]:
        if down:
            raise OperationalError("server has gone away")
        return []

    dog = watchdog(check)
    reports = [dog.look(wall_clock=after(seconds)) for seconds in (0, 20, 40)]
    assert [report.error for report in reports] == ["OperationalError"] * 3
    assert mail.outbox == []

    for seconds in (60, 80, 100):
        assert not dog.look(wall_clock=after(seconds)).ok
    assert [message.subject for message in mail.outbox] == ["[LeadMaster] Crítica: La base de datos no responde"]

    down = False
    assert dog.look(wall_clock=after(120)).ok
    assert dog.look(wall_clock=after(140)).ok
    assert [message.subject for message in mail.outbox][1:] == ["[LeadMaster] Resuelta: La base de datos no responde"]


@pytest.mark.django_db(transaction=True)
def test_a_restart_of_the_database_is_not_told() -> None:
    results = iter([True, False])

    def check(_now: dt.datetime) -> Sequence[CheckResult]:
        if next(results):
            raise OperationalError("restarting")
        return []

    dog = watchdog(check)
    dog.look(wall_clock=NOON)
    dog.look(wall_clock=after(20))

    assert mail.outbox == []


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_the_pass_after_a_broken_connection_starts_with_a_fresh_one() -> None:
    dog = watchdog()
    assert dog.look(wall_clock=NOON).ok
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("KILL CONNECTION_ID()")

    reports = [dog.look(wall_clock=after(seconds)) for seconds in (20, 40)]

    assert reports[-1].ok
