"""The same lines under one, two and three clusters, each on a host of its own: messages a second, and how late.

Hosts are network namespaces (`tests/chaos/hosts.py`), so every query and every request crosses a network card. They share
this machine's processors: what is shown is that clusters add up and don't get in each other's way, not what three machines
could do. The lines are never idle: the next message of each is due at once.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from pathlib import Path

from django.core.management import call_command

from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt
from leadmaster.lib.clock import database_now
from tests.bench import stage
from tests.bench.figures import say, scaled, tail
from tests.chaos import hosts, scene
from tests.chaos.machines import Machine
from tests.chaos.server import own_server
from tests.simulator import simulator_process

NAMES = ("uno", "dos", "tres")
LATENCY = ("0.5", "1.5")


def run() -> None:
    if why := hosts.why_none():
        say(f"  left out: {why}")
        return
    for clusters in range(1, len(NAMES) + 1):
        _measure(NAMES[:clusters], lines=scaled("HOST_LINES", 60), seconds=scaled("HOST_SECONDS", 60))


def _measure(names: tuple[str, ...], *, lines: int, seconds: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="leadmaster-hosts-") as folder,
        hosts.network(names) as network,
        own_server(Path(folder, "mariadb"), network.address) as server,
    ):
        told = ("--host", network.address, "--latency", *LATENCY, "--unknown-tenants", "ready", "--read-ratio", "0")
        with simulator_process(*told) as simulator:
            stage.fill(stage.open_lines(lines, base_url=simulator.base_url), each=3 * seconds)
            call_command("ensure_schedules")
            environment = scene.environment(server.url(), SENDER_THREADS=str(lines), SENDER_SLOTS="10")
            machines = [
                Machine(
                    name=name,
                    environment={**environment, "SENDER_JOURNAL_DIR": str(Path(folder, name))},
                    log=Path(folder, f"{name}.log"),
                    on=network.hosts[name].on,
                )
                for name in names
            ]
            try:
                for machine in machines:
                    machine.start()
                _tell(names, lines, seconds)
            finally:
                for machine in machines:
                    machine.kill()


def _tell(names: tuple[str, ...], lines: int, seconds: int) -> None:
    """Once each of them has sent, what they do together in so many seconds."""
    while not all(Attempt.objects.filter(worker__startswith=f"{name}:", message_id__gt="").exists() for name in names):
        time.sleep(1)
    since, before = database_now(), os.getloadavg()[0]
    time.sleep(seconds)
    rows = Attempt.objects.filter(claimed_at__gte=since, claimed_at__lt=since + dt.timedelta(seconds=seconds))
    late = [(claimed - due).total_seconds() for due, claimed in rows.values_list("due_at", "claimed_at") if due]
    sent = rows.filter(outcome=AttemptOutcome.SENT)
    shares = ", ".join(f"{name} {sent.filter(worker__startswith=f'{name}:').count():,}" for name in names)
    say(
        f"  {len(names)} clusters, {lines} lines, {'-'.join(LATENCY)} s a message, load {before:.1f} to "
        f"{os.getloadavg()[0]:.1f}: {sent.count() / seconds:.1f} messages/s ({shares})\n"
        f"    a lane's turn, to claimed                 {tail(late, 's', 2)}"
    )
