"""Fault 20: MariaDB is killed under load and started again. What it had acknowledged is there, and the ledger is true."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, connection

from campaigns import lifecycle, switch
from campaigns.engine.sweep_cancelled import sweep_stragglers
from campaigns.engine.tick import run_tick
from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio
from campaigns.suppressions import suppress
from leadmaster.directory.models import Suppression
from leadmaster.lib.clock import database_now
from leadmaster.ops.models import Alert
from tests.chaos.scene import SEND_TIMEOUT, Later, ledger_of, running_campaign
from tests.chaos.server import Server, own_server
from tests.faults import checker
from tests.simulator import simulator_thread

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chaos,
    pytest.mark.mariadb,
    pytest.mark.timeout(900),
]

TENANTS = ("71", "72", "73", "74", "75", "76")
KILLS = 3
LOAD = 4.0  # seconds of work before each


class Load:
    """Ticks and opt-outs in threads that go on whatever the database does, and remember what it acknowledged."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._minutes = itertools.count(1)
        self._numbers = itertools.count(10_000_000)
        self._start = database_now()
        self.opted_out: list[str] = []
        self.dispatched: set[int] = set()
        self.failures = 0
        self._threads = [
            threading.Thread(target=self._go_on, args=(act,)) for act in (self._tick, self._tick, self._opt)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=120)
            assert not thread.is_alive()

    def _go_on(self, act: Callable[[], None]) -> None:
        while not self._ended.is_set():
            try:
                act()
            except (DatabaseError, InterfaceError):
                self.failures += 1
                time.sleep(0.1)
            finally:
                connection.close()

    def _tick(self) -> None:
        run_tick(self._start + dt.timedelta(minutes=next(self._minutes)))

    def _opt(self) -> None:
        phone = f"+54911{next(self._numbers)}"
        suppress(phone, source=Suppression.Source.REPLY, now=self._start)
        self.opted_out.append(phone)


def test_fault_20_what_the_database_acknowledged_outlives_its_death(tmp_path: Path, settings: Any) -> None:
    settings.SESSION_MANAGER_SEND_TIMEOUT = SEND_TIMEOUT
    with own_server(tmp_path / "mariadb") as server, simulator_thread(tenants=TENANTS) as simulator:
        campaigns = [running_campaign(tenant, simulator.base_url, envios=200) for tenant in TENANTS]
        load = Load()
        try:
            known = [_killed(server, load) for _ in range(KILLS)]
        finally:
            load.end()
        simulator.wait_until_quiet()
        assert load.failures >= KILLS
        assert [len(sent) for sent in known] == sorted(len(sent) for sent in known)
        assert known[0]

        # Everything that it said it had, it has.
        assert set(load.opted_out) <= set(Suppression.objects.values_list("phone", flat=True))
        for sent in known:
            rows = Envio.objects.filter(state=EnvioState.SENT).values_list("id", "message_id")
            assert sent <= set(rows)
        # Nor does this machine's journal know of a dispatch that the database forgot.
        _come_to_rest(campaigns)
        assert switch.is_on()
        assert not Alert.objects.filter(key="database-restored").exists()
        ledger = ledger_of(simulator)
        assert len(ledger) > 50
        assert checker.findings(ledger, now=Later().now()) == []


def _killed(server: Server, load: Load) -> set[tuple[int, str | None]]:
    """Let it work, note what was read, kill it, start it. Returns what somebody had read as sent before."""
    time.sleep(LOAD)
    sent = set(Envio.objects.filter(state=EnvioState.SENT).values_list("id", "message_id"))
    connection.close()
    server.kill()
    time.sleep(0.5)
    server.start()
    return sent


def _come_to_rest(campaigns: list[Campaign]) -> None:
    """Enough was sent: cancel the rest, and give back what the ticks that died still held."""
    clock = Later()
    for campaign in campaigns:
        lifecycle.cancel(campaign, by=None, now=clock.now(), reason="Basta")
    run_tick(clock.now(), clock=clock)
    sweep_stragglers(clock.now())
