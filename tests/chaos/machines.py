"""Three "machines" with a django-q2 cluster each, and somebody who kills their processes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Machine:
    """One cluster in a process group of its own, with its own journal of what it sent."""

    name: str
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: bool = False  # had every process since it was last started, whatever was killed afterwards

    def start(self) -> None:
        self.started = False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "qcluster"],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """The plug is pulled: every process of the group at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
            self.process = None

    def guard(self) -> psutil.Process | None:
        """The one child of the first process: it spawns the others and schedules."""
        if self.process is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children()
            return next((child for child in children if child.status() != psutil.STATUS_ZOMBIE), None)
        return None

    def roles(self) -> dict[str, psutil.Process]:
        """One process of each role, of a machine that has lost none since its start. Empty while it starts."""
        guard = self.guard()
        if guard is None:
            return {}
        others = sorted(guard.children(), key=lambda process: process.pid)
        if len(others) != int(self.environment["Q_WORKERS"]) + 2:
            return {}
        return {"guard": guard, "worker": others[0], "monitor": others[-2], "pusher": others[-1]}

    def has_started(self) -> bool:
        self.started = self.started or bool(self.roles())
        return self.started

    def members(self) -> list[psutil.Process]:
        """Sentinel, workers, pusher, monitor: whatever runs below the cluster's first process."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


class Chaos:
    """Pulls plugs, kills single processes, and stops one for longer than a send may take."""

    def __init__(self, machines: list[Machine], *, seed: int) -> None:
        self._machines = machines
        self._chance = random.Random(seed)
        self.done: Counter[str] = Counter()

    def reign(self, seconds: float) -> None:
        """Something every two to four seconds, for so long, to machines that have come up.

        On a busy machine a cluster takes longer to start than it would live otherwise, and nothing would be tried.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(2, 4))
            machine = self._chance.choice(self._machines)
            if not machine.has_started():
                continue
            act = self._chance.choice([self._pull_the_plug, self._kill_one, self._kill_one, self._stop_one])
            act(machine)

    def _pull_the_plug(self, machine: Machine) -> None:
        machine.kill()
        machine.start()
        self.done["machines killed"] += 1

    def _kill_one(self, machine: Machine) -> None:
        members = machine.members()
        if members:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._chance.choice(members).kill()
                self.done["processes killed"] += 1

    def _stop_one(self, machine: Machine) -> None:
        members = machine.members()
        if not members:
            return
        victim = self._chance.choice(members)
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.suspend()
            time.sleep(7)  # longer than the deadline of a send in these tests
            victim.resume()
            self.done["processes stopped"] += 1


@contextlib.contextmanager
def three_machines(folder: Path, environment: dict[str, str]) -> Iterator[list[Machine]]:
    """Started, and killed at the end whatever happened."""
    machines = [
        Machine(
            name=name,
            environment={**environment, "SENDER_JOURNAL_DIR": str(folder / name)},
            log=folder / f"{name}.log",
        )
        for name in ("uno", "dos", "tres")
    ]
    try:
        for machine in machines:
            machine.start()
        yield machines
    finally:
        for machine in machines:
            machine.kill()
