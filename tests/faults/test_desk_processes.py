"""Faults 23–28 and 33 at the desk with processes of their own, some of which are killed. The checker judges."""

from __future__ import annotations

import datetime as dt
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.models import AssignmentRequest, Opportunity, Promoter
from opportunities.timers import absence_clocks
from opportunities.timers.expiry import expire_timers
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.processes.starting import start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Whatever a test starts is gone when it ends."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def open_gate(gate: Path, count: int) -> None:
    """When all of them are ready, and not before."""
    deadline = time.monotonic() + 120
    while len(list(gate.parent.glob("ready-*"))) < count:
        assert time.monotonic() < deadline, "the processes did not start"
        time.sleep(0.05)
    gate.touch()


def test_eight_processes_share_the_last_of_a_segment(
    database_url: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    Funnel()
    PromoterFactory.create_batch(8, desk=DeskFactory())
    UserFactory(username="jefa", role=Role.ADMINISTRATOR)
    ClientFactory.create_batch(50, province="Puebla")
    ClientFactory.create_batch(5)
    gate = tmp_path / "gate"

    processes += [start("desk:draws", number, NOW.isoformat(), gate, url=database_url) for number in range(8)]
    open_gate(gate, 8)
    ended = [process.communicate(timeout=120)[1].decode() for process in processes]

    # No deadlock reached anybody, and nobody waited a second for a lock, not even to try again.
    assert [process.returncode for process in processes] == [0] * 8, ended
    assert Opportunity.objects.count() == 50
    assert Client.objects.filter(availability="libre").count() == 5
    assert AssignmentRequest.objects.count() == 24
    assert findings() == []


def test_a_desk_whose_processes_are_killed_at_random_stays_whole(
    database_url: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    """Requests, moves, sales, decisions and expiries in eight processes; five of them die where they happen to be."""
    Funnel()
    PromoterFactory.create_batch(4, desk=DeskFactory(daily_quota=60))
    UserFactory(username="jefa", role=Role.ADMINISTRATOR)
    ClientFactory.create_batch(120)
    gate, chance = tmp_path / "gate", random.Random(24)

    processes += [start("desk:works", number, NOW.isoformat(), gate, 6, url=database_url) for number in range(8)]
    open_gate(gate, 8)
    for victim in processes[:5]:
        time.sleep(chance.uniform(0.3, 1.0))
        victim.send_signal(signal.SIGKILL)
    ended = [process.communicate(timeout=120)[1].decode() for process in processes]

    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 5 + [0] * 3, ended
    assert Opportunity.objects.count() > 10
    assert findings() == []
    # And it goes on: nothing is left locked, nothing is lost to those who ask.
    expire_timers(NOW + dt.timedelta(days=1))
    someone = Promoter.objects.select_related("user", "desk__team", "desk__calendar").order_by("-id")[0]
    assert request_lot(someone, Filters(), 3, key="k", now=NOW + dt.timedelta(days=2)).granted == 3
    assert findings() == []


@pytest.mark.parametrize("seed", range(2))
def test_whatever_meets_whatever_the_desk_stays_whole(
    database_url: str, tmp_path: Path, processes: list[subprocess.Popen[bytes]], seed: int
) -> None:
    """Every verb in six processes; two of them die. Leave, limits, timers, opt-outs and the directory change beside."""
    Funnel()
    PromoterFactory.create_batch(4, desk=DeskFactory(daily_quota=60))
    UserFactory(username="jefa", role=Role.ADMINISTRATOR)
    ClientFactory.create_batch(80)
    gate, chance = tmp_path / "gate", random.Random(seed)

    processes += [
        start("desk:does_everything", 10 * seed + number, NOW.isoformat(), gate, 5, url=database_url)
        for number in range(6)
    ]
    open_gate(gate, 6)
    for victim in processes[:2]:
        time.sleep(chance.uniform(0.5, 2.0))
        victim.send_signal(signal.SIGKILL)
    ended = [process.communicate(timeout=120)[1].decode() for process in processes]

    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2 + [0] * 4, ended
    assert Opportunity.objects.count() > 20
    # What a killed process announced takes effect with the cron.
    absence_clocks.begin_and_end(NOW)
    assert findings() == []
