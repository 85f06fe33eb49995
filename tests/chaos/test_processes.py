"""Fault 15: each process of a real cluster is killed. Either the cluster goes on, or its silence is seen from outside.

django-q2 brings back most of its processes, and sometimes hangs when it does: that is known of it, and the reason why
its health is judged by the heartbeat's age. Nothing here waits for the three minutes: what is judged is the moment
three minutes after the last beat, and that no beat comes meanwhile by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_q.tasks import async_task

from campaigns.enums import EnvioState
from campaigns.health import PROBES
from campaigns.models import Campaign, Envio, Tick
from leadmaster.lib.clock import database_now
from leadmaster.ops import heartbeat
from leadmaster.ops.health import TICK, examine
from leadmaster.ops.watchdog import check_tick
from tests.chaos.machines import Machine, is_alive
from tests.chaos.scene import add_envios, comes_true, environment, ledger_of, running_campaign
from tests.faults import checker
from tests.simulator import Simulator, simulator_process

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chaos,
    pytest.mark.mariadb,
    pytest.mark.timeout(900),
]

SEEN_WITHIN = dt.timedelta(minutes=3)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_process(tenants=("61",)) as running:
        yield running


@pytest.fixture
def machine(database_url: str, tmp_path: Path) -> Iterator[Machine]:
    settings = environment(database_url, SENDER_JOURNAL_DIR=str(tmp_path / "journal"))
    machine = Machine(name="uno", environment=settings, log=tmp_path / "uno.log")
    try:
        yield machine
    finally:
        machine.kill()


@pytest.mark.parametrize("role", ["guard", "worker", "monitor", "pusher"])
def test_fault_15_each_process_of_the_cluster_killed(role: str, machine: Machine, simulator: Simulator) -> None:
    campaign = running_campaign("61", simulator.base_url, envios=2)
    add_envios(campaign, 1, later=dt.timedelta(days=1))
    machine.start()
    assert comes_true(machine.roles, within=180), machine.log.read_text()
    assert _works(machine, patience=120), machine.log.read_text()
    assert comes_true(lambda: _sent(campaign) == 2, within=90)

    killed = machine.roles()[role]
    killed.kill()
    # Until the system has carried it out it would still be counted among the living.
    assert comes_true(lambda: not is_alive(killed), within=30)
    add_envios(campaign, 3)
    went_on = machine.guard() is not None and _works(machine, patience=30)

    if not went_on:
        _is_seen_from_outside()
        machine.kill()
        machine.start()
        assert _works(machine, patience=120), machine.log.read_text()
    assert comes_true(lambda: _sent(campaign) == 5, within=120), (role, went_on, machine.log.read_text())
    machine.kill()
    ledger = ledger_of(simulator)
    assert len(ledger) == 5
    assert checker.findings(ledger, now=database_now()) == []
    assert checker.neglected(database_now(), since=database_now() - dt.timedelta(seconds=2)) == []
    assert (role, went_on) != ("guard", True), "without its guard nothing is scheduled any more"


def _works(machine: Machine, *, patience: float) -> bool:
    """Whether a task that is put into the queue becomes a tick, with all that belongs to it."""
    before = Tick.objects.filter(finished_at__isnull=False).count()
    async_task("campaigns.tasks.tick")
    return comes_true(lambda: Tick.objects.filter(finished_at__isnull=False).count() > before, within=patience)


def _is_seen_from_outside() -> None:
    """Without another beat everybody who watches is told within three minutes."""
    age = heartbeat.age(TICK, now=database_now())
    assert age is not None
    by_then = database_now() - age + SEEN_WITHIN

    report = examine(PROBES, now=by_then)

    assert {finding.name: finding.ok for finding in report.findings}["tick"] is False
    [result] = check_tick(watching_since=None)(by_then)
    assert not result.ok


def _sent(campaign: Campaign) -> int:
    return Envio.objects.filter(campaign=campaign, state=EnvioState.SENT).count()
