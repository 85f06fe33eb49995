"""Fault 14 on a real process: stopped past its lease, taken over, and continued.

SIGSTOP is real and the lease is not waited for: whoever takes over lives on the database's clock ten minutes ahead.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from campaigns.engine.tick import run_tick
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, Envio
from tests.chaos.machines import REPOSITORY
from tests.chaos.scene import Later, comes_true, environment, ledger_of, running_campaign
from tests.faults import checker
from tests.simulator import Simulator, simulator_process
from whatsapp.models import WhatsAppSession

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_process(tenants=("81",)) as running:
        yield running


@pytest.fixture
def campaign(simulator: Simulator) -> Campaign:
    return running_campaign("81", simulator.base_url, envios=1)


@dataclasses.dataclass
class Stopped:
    """A `manage.py tick` that is stopped; `goes_on` continues it and returns its report."""

    process: subprocess.Popen[str]

    def goes_on(self) -> dict[str, Any]:
        os.kill(self.process.pid, signal.SIGCONT)
        out, _err = self.process.communicate(timeout=120)
        return dict(json.loads(out))


@contextlib.contextmanager
def stopped_tick(
    database_url: str, folder: Path, *, when: dict[str, Any], moment: Callable[[], object] = lambda: True
) -> Iterator[Stopped]:
    """A tick of another process, stopped as soon as its envío is in flight and fits `when`, and `moment` has come."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "tick", "--json"],
        cwd=REPOSITORY,
        env=environment(database_url, SENDER_JOURNAL_DIR=str(folder / "journal")),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        in_flight = Envio.objects.filter(state=EnvioState.SENDING, **when)
        assert comes_true(lambda: in_flight.exists() and moment(), within=60)
        os.kill(process.pid, signal.SIGSTOP)
        assert in_flight.exists()
        yield Stopped(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(timeout=30)


def takes_over() -> None:
    """Another process, after the lease: it gives back what was held and sends what is due."""
    clock = Later()
    for _ in range(2):
        run_tick(clock.now(), clock=clock)
        clock.later += Later.later


def test_fault_14_stopped_before_the_socket_it_sends_nothing(
    database_url: str, tmp_path: Path, simulator: Simulator, campaign: Campaign
) -> None:
    simulator.add_faults({"fault": "slow", "min": 4, "max": 4, "route": "status", "count": 2})
    with stopped_tick(database_url, tmp_path, when={"dispatched_at__isnull": True}) as stopped:
        takes_over()
        assert Envio.objects.get().state == EnvioState.SENT

        report = stopped.goes_on()

    # It gives the claim back; stopped for longer than its question may take, it finds that the row is not its own.
    assert report["outcomes"] in ({"withdrawn": 1}, {"lost": 1})
    assert len(ledger_of(simulator)) == 1
    assert Envio.objects.get().attempts == 2
    outcomes = Attempt.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == [AttemptOutcome.NOT_SENT, AttemptOutcome.SENT]
    assert checker.findings(ledger_of(simulator), now=Later().now()) == []


def test_fault_14_stopped_with_its_request_on_the_way_its_answer_is_merged(
    database_url: str, tmp_path: Path, simulator: Simulator, campaign: Campaign
) -> None:
    simulator.add_faults({"fault": "late", "seconds": 3, "nth": 1})
    # Between the commit and the socket there is a moment as well: only the gateway knows when it is over.
    on_the_way = {"dispatched_at__isnull": False}
    with stopped_tick(database_url, tmp_path, when=on_the_way, moment=lambda: ledger_of(simulator)) as stopped:
        takes_over()
        assert Envio.objects.get().state == EnvioState.UNCERTAIN

        stopped.goes_on()

    assert len(ledger_of(simulator)) == 1
    assert Envio.objects.get().state == EnvioState.SENT
    assert WhatsAppSession.objects.get().state == "READY"
    assert checker.findings(ledger_of(simulator), now=Later().now()) == []
