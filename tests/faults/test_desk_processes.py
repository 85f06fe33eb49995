"""Faults 23–28 and 33 at the desk with processes of their own, some of which are killed. The checker judges."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import textwrap
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

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
_REPOSITORY = Path(__file__).resolve().parents[2]

_BEGIN = """
import datetime as dt, pathlib, random, sys, time, uuid
import django
django.setup()
from django.db import connection
from opportunities.assignment import capture
from opportunities.funnel import moves
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import expiry, extension, recalculation
from campaigns.inbound import suppress
from leadmaster.directory.models import Client, ContactPoint
from opportunities.capacity import quota
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.errors import Refused
from opportunities.models import Absence, BulkAction, Opportunity, Promoter, Stage
from leadmaster.accounts.models import User

number, now, gate = int(sys.argv[1]), dt.datetime.fromisoformat(sys.argv[2]), pathlib.Path(sys.argv[3])
chance = random.Random(number)
promoters = list(Promoter.objects.select_related("user", "desk__team", "desk__calendar").order_by("id"))
mine = promoters[number % len(promoters)]
boss = User.objects.get(username="jefa")
stages = list(Stage.objects.order_by("id"))
with connection.cursor() as cursor:
    # Who would wait a second for a lock is told so by the database.
    cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
gate.with_name(f"ready-{number}").touch()
while not gate.exists():
    time.sleep(0.01)
"""

_DRAWS = """
from leadmaster.lib.db import retry

judge = retry.is_retryable

def strict(error):
    assert 1205 not in error.args, "a second's wait for a lock"
    return judge(error)

retry.is_retryable = strict
for turn in range(3):
    request_lot(mine, Filters(province="Puebla"), 4, key=f"{number}-{turn}", now=now)
"""

_WORKS = """
def request():
    request_lot(mine, Filters(), chance.randint(1, 4), key=uuid.uuid4().hex, now=now)

def move():
    row = Opportunity.objects.filter(owner=mine).active().order_by("?").first()
    if row is not None:
        moves.move(row.pk, chance.choice(stages), by=mine.user, version=row.version, now=now,
                         reason="Prueba", data={"amount": "5"})

def decide():
    row = Opportunity.objects.open().order_by("?").first()
    if row is not None:
        verb = chance.choice([decisions.return_to_pool, decisions.reassign])
        verb(row.pk, *([chance.choice(promoters)] if verb is decisions.reassign else []), by=boss, now=now)

def expire():
    expiry.expire_timers(now + dt.timedelta(minutes=chance.choice([30, 61, 130])), limit=5)

until = time.monotonic() + float(sys.argv[4])
while time.monotonic() < until:
    try:
        chance.choice([request, request, move, move, decide, expire])()
    except Refused:
        pass
"""


# Every verb of the desk, and what comes from outside: whatever meets whatever.
_EVERYTHING = """
day = now.date()

def some(rows, count=1):
    return list(rows.order_by("?").values_list("pk", flat=True)[:count])

def request():
    request_lot(mine, Filters(), chance.randint(1, 4), key=uuid.uuid4().hex, now=now)

def captured():
    phone = f"+54935155500{chance.randint(10, 40)}"
    if chance.random() < 0.5:
        known = ContactPoint.objects.order_by("?").first()
        phone = known.normalised
    capture.capture(mine, capture.NewClient(name="Ana", phones=[phone]), key=uuid.uuid4().hex, now=now)

def move():
    row = Opportunity.objects.filter(owner=mine).active().order_by("?").first()
    if row is not None:
        moves.move(row.pk, chance.choice(stages), by=mine.user, version=row.version, now=now,
                         reason="Prueba", data={"amount": "5"})

def extend():
    row = Opportunity.objects.filter(owner=mine).active().order_by("?").first()
    if row is not None:
        extension.extend(row.pk, by=mine.user, version=row.version, now=now)

def decide():
    for pk in some(Opportunity.objects.open()):
        chance.choice([
            lambda: decisions.reassign(pk, chance.choice(promoters), by=boss, now=now,
                                         over_quota=chance.random() < 0.3, reason="Urge"),
            lambda: decisions.return_to_pool(pk, by=boss, now=now),
            lambda: decisions.give_back(pk, by=boss, now=now),
            lambda: decisions.close(pk, by=boss, now=now, reason="Fin"),
        ])()

def many():
    ids = some(Opportunity.objects.exclude(state="ganada"), 5)
    chance.choice([
        lambda: bulk.reassign(ids, chance.choice(promoters), by=boss, now=now),
        lambda: bulk.return_to_pool(ids, by=boss, now=now),
        lambda: bulk.give_back(ids, by=boss, now=now),
        lambda: bulk.close(ids, by=boss, now=now, reason="Fin"),
    ])()

def take_back():
    action = BulkAction.objects.filter(undone_at__isnull=True).order_by("?").first()
    if action is not None:
        undo(action, by=boss, now=now)

def leave():
    standing = Absence.objects.filter(ended_at__isnull=True).order_by("?").first()
    if standing is not None and chance.random() < 0.6:
        absences.call_off(standing, by=boss, now=now)
    else:
        absences.announce(chance.choice(promoters), starts_on=day, ends_on=day, by=boss, now=now,
                          policy=chance.choice(["pausar", "redistribuir"]))
    absence_clocks.begin_and_end(now)

def expire():
    expiry.expire_timers(now + dt.timedelta(minutes=chance.choice([30, 61, 130])), limit=5)

def limits():
    quota.change_limit(chance.choice(promoters), day, chance.randint(10, 60), by=boss, reason="Otro", now=now)

def outside():
    clients = Client.objects.filter(pk__in=some(Client.objects.all(), 5))
    clients.update(gone_at=chance.choice([None, now]))
    if chance.random() < 0.1:
        suppress(ContactPoint.objects.order_by("?").first().normalised, source="respuesta", now=now)

def timer():
    stage = chance.choice([stage for stage in stages if stage.type in ("inicial", "avance")])
    recalculation.change_stage(stage, timer_minutes=chance.choice([45, 60, 120, None]), by=boss, now=now)

verbs = [request] * 4 + [captured] * 2 + [move] * 3 + [decide] * 2 + [extend, many, many, take_back, take_back, leave, expire]
verbs += [limits, outside, timer]
until = time.monotonic() + float(sys.argv[4])
while time.monotonic() < until:
    try:
        chance.choice(verbs)()
    except Refused:
        pass
"""


def start(code: str, number: int, gate: Path, url: str, *more: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(_REPOSITORY),
    }
    command = [sys.executable, "-c", textwrap.dedent(_BEGIN) + textwrap.dedent(code), str(number), NOW.isoformat()]
    return subprocess.Popen([*command, str(gate), *more], env=environment, cwd=_REPOSITORY, stderr=subprocess.PIPE)


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

    processes += [start(_DRAWS, number, gate, database_url) for number in range(8)]
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

    processes += [start(_WORKS, number, gate, database_url, "6") for number in range(8)]
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

    processes += [start(_EVERYTHING, 10 * seed + number, gate, database_url, "5") for number in range(6)]
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
