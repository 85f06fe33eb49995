"""Two web servers and three clusters on hosts of their own over one MariaDB: one host is cut off, one dies.

Their clocks are an hour apart. While a host is cut off its processes go on: they hold connections, open transactions
and messages in the air, and come back with all of that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.utils import timezone

from campaigns import lifecycle
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, Envio, Lane
from leadmaster.lib.clock import database_now
from opportunities.models import DailyQuota
from tests.chaos import desk, hosts, scene
from tests.chaos.doors import Program, Watch
from tests.chaos.hosts import Host, Network
from tests.chaos.journals import Journal
from tests.chaos.machines import REPOSITORY, Machine
from tests.chaos.scene import PACE, SECRET, SEND_TIMEOUT, comes_true, ledger_of, running_campaign
from tests.chaos.server import Server, own_server
from tests.faults import checker, desk_checker
from tests.simulator import Simulator, simulator_process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chaos,
    pytest.mark.mariadb,
    pytest.mark.timeout(900),
    pytest.mark.hosts,
]

CLUSTERS = ("uno", "dos", "tres")
WEBS = ("web1", "web2")
# Seconds: half an hour fast and half an hour slow.
CLOCKS = {"uno": 1800.0, "dos": -1800.0}
TENANTS = ("61", "62", "63", "64", "65", "66")
WEB_PORT = 8000
# Takes what every claim of the day needs, as soon as it is told to, and never lets go.
_HOLD = """
from django.db import transaction
from campaigns.models import SessionDay
input()
with transaction.atomic():
    print(len(SessionDay.objects.select_for_update()), flush=True)
    input()
"""


@dataclasses.dataclass
class Site:
    network: Network
    machines: dict[str, Machine]
    simulator: Simulator
    campaigns: list[Campaign]

    def host(self, name: str) -> Host:
        return self.network.hosts[name]

    def url(self, name: str) -> str:
        return f"http://{self.host(name).address}:{WEB_PORT}"


@pytest.fixture
def desks(transactional_db: None) -> desk.Desks:
    return desk.build(clients=400)


@pytest.fixture
def site(desks: desk.Desks, tmp_path: Path, settings: Any) -> Iterator[Site]:
    settings.SESSION_MANAGER_SEND_TIMEOUT = SEND_TIMEOUT
    settings.SENDER_SLOTS = 10
    with hosts.network([*CLUSTERS, *WEBS]) as network, own_server(tmp_path / "mariadb", network.address) as server:
        callbacks = f"http://{network.hosts['web1'].address}:{WEB_PORT}/webhooks/session_manager/{{cliente_id}}/"
        told = ("--host", network.address, "--callback-url", callbacks, "--callback-secret", SECRET)
        with simulator_process(*told, "--latency", "0.2", "1.0", tenants=TENANTS) as simulator:
            campaigns = [running_campaign(tenant, simulator.base_url, envios=600) for tenant in TENANTS]
            call_command("ensure_schedules")
            machines = _machines(network, server, tmp_path)
            try:
                for machine in machines.values():
                    machine.start()
                yield Site(network, machines, simulator, campaigns)
            finally:
                for machine in machines.values():
                    machine.kill()


def _machines(network: Network, server: Server, folder: Path) -> dict[str, Machine]:
    web = ("gunicorn", "leadmaster.wsgi", "--bind", f"0.0.0.0:{WEB_PORT}", "--threads", "8")
    shared = {"SHARED_CACHE": "database", "ALLOWED_HOSTS": ",".join(host.address for host in network.hosts.values())}
    made = {}
    for name, host in [*network.hosts.items(), ("vigia", network.hosts["web1"])]:
        own = {"SENDER_JOURNAL_DIR": str(folder / name), "WALL_CLOCK": str(folder / f"{name}.clock")}
        made[name] = Machine(
            name=name,
            environment=scene.environment(server.url(), SENDER_THREADS="8", **shared, **own),
            log=folder / f"{name}.log",
            command=web if name in WEBS else ("manage.py", "watchdog" if name == "vigia" else "qcluster"),
            on=host.on,
            journal=Journal(folder / name),
        )
        made[name].set_clock(wrong_by=CLOCKS.get(name, 0.0))
    return made


def test_a_host_that_is_cut_off_and_one_that_dies_leave_the_ledger_true(site: Site, desks: desk.Desks) -> None:
    # The fast clock sees every task first, and puts its next run half an hour off.
    assert comes_true(lambda: _sent_by("uno"), within=240), _logs(site)
    _one_quota_behind_two_doors(site, desks)
    _wrong_signatures_are_counted_together(site)

    # Cut off with a message in the air and rows locked that all others need.
    with _holding_the_days(site.machines["uno"]) as holder:
        assert comes_true(lambda: _in_the_air("uno"), within=120), _logs(site)
        _lock(holder)
        site.host("uno").cut_off()
        since = database_now()
        assert comes_true(lambda: any(_sent_by(name, since) for name in ("dos", "tres")), within=300), _logs(site)
        for name in ("dos", "tres"):
            site.machines[name].kill()
        site.host("uno").join()
        joined = database_now()
        assert comes_true(lambda: _sent_by("uno", joined), within=300), _logs(site)
    _come_to_rest(site)
    ledger = ledger_of(site.simulator)

    states = list(Envio.objects.values_list("state", flat=True))
    told = f"delivered {len(ledger)}, { ({state: states.count(state) for state in EnvioState.values}) }"
    sys.stdout.write(f"\n{told}\n")
    assert checker.findings(ledger, now=timezone.now()) == [], told
    assert checker.overtaken(ledger, gap=PACE * 0.95) == [], told
    assert desk_checker.findings() == [], told


def _one_quota_behind_two_doors(site: Site, desks: desk.Desks) -> None:
    """Both web servers are asked for the last clients of one day at once, by one person."""
    who = desks.teams[0].by_api
    watch = Watch()
    answers: list[requests.Response] = []

    def ask(door: str) -> None:
        program = Program(who, site.url(door), watch)
        answers.extend(program.post("lots/", quantity=7) for _turn in range(8))

    threads = [threading.Thread(target=ask, args=(door,)) for door in WEBS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert watch.troubles == []
    # A token that the other door gave ends this one's: the program asks for another, and asks again.
    assert {answer.status_code for answer in answers} <= {200, 201, 401}, [answer.text[:200] for answer in answers]
    day = DailyQuota.objects.get(promoter=who.promoter)
    given = sum(answer.json()["granted"] for answer in answers if answer.ok)
    assert day.used == given == day.limit


def _wrong_signatures_are_counted_together(site: Site) -> None:
    """Thirty at one door, and the other one has heard enough as well."""
    path = f"/webhooks/session_manager/{TENANTS[0]}/"
    answers = [requests.post(site.url("web1") + path, data=b"{}", timeout=30).status_code for _one in range(30)]
    assert answers == [401] * 30
    assert requests.post(site.url("web2") + path, data=b"{}", timeout=30).status_code == 429


@contextlib.contextmanager
def _holding_the_days(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """Somebody on that host who stands ready to lock the day rows of all lines, in a transaction without an end."""
    command = [*machine.on, sys.executable, "manage.py", "shell", "--no-imports", "--command", _HOLD]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=REPOSITORY, env=machine.environment, stdin=pipe, stdout=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def _lock(holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert int(holder.stdout.readline()) > 0


def _sent_by(name: str, since: dt.datetime | None = None) -> bool:
    """Whether this host's cluster claimed and sent anything, by the database's clock."""
    tried = Attempt.objects.filter(worker__startswith=f"{name}:", outcome=AttemptOutcome.SENT)
    return (tried.filter(claimed_at__gt=since) if since else tried).exists()


def _in_the_air(name: str) -> bool:
    return Attempt.objects.filter(worker__startswith=f"{name}:", outcome=AttemptOutcome.OPEN).exists()


def _come_to_rest(site: Site) -> None:
    """Enough was sent: the rest is cancelled, and what is in flight ends or is found out."""
    for machine in site.machines.values():
        machine.set_clock(wrong_by=0)
    for campaign in site.campaigns:
        lifecycle.cancel(campaign, by=None, now=database_now(), reason="Basta")
    assert comes_true(_is_at_rest, within=300), _logs(site)
    site.simulator.wait_until_quiet()


def _is_at_rest() -> bool:
    flying = Envio.objects.filter(state=EnvioState.SENDING), Lane.objects.filter(busy=True)
    return not any(rows.exists() for rows in (*flying, Attempt.objects.filter(outcome=AttemptOutcome.OPEN)))


def _logs(site: Site) -> str:
    ends = [f"--- {name}\n{machine.log.read_text(errors='replace')[-2500:]}" for name, machine in site.machines.items()]
    counts = list(Attempt.objects.values_list("worker", "outcome")[:40])
    return "\n".join([f"{timezone.now()}", str(counts), *ends])
