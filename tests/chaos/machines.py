"""Three "machines" with a django-q2 cluster each, and whatever else runs in processes of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.chaos.journals import Journal

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Machine:
    """One cluster in a process group of its own, with its own journal of what it sent and its own wall clock."""

    name: str
    environment: dict[str, str]
    log: Path
    command: tuple[str, ...] = ("manage.py", "qcluster")
    on: tuple[str, ...] = ()  # the command that runs another one on its host; nothing: on this one
    journal: Journal | None = None
    process: subprocess.Popen[bytes] | None = None
    started: bool = False  # had every process since it was last started, whatever was killed afterwards

    def start(self) -> None:
        self.started = False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.on, sys.executable, "-m", "tests.chaos.skewed", *self.command],
                cwd=REPOSITORY,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def set_clock(self, *, wrong_by: float) -> None:
        """Its wall clock, in seconds. Running processes see it at once."""
        file = Path(self.environment["WALL_CLOCK"])
        written = file.with_suffix(".new")
        written.write_text(f"{wrong_by}")
        written.replace(file)

    def tick(self) -> None:
        """`manage.py tick`, by hand, beside the cluster or without it."""
        # A slot that the cluster does not know: the tick has its minute whatever runs beside it.
        environment = {**self.environment, "SENDER_SLOTS": "20"}
        with self.log.open("ab") as log:
            command = [*self.on, sys.executable, "-m", "tests.chaos.skewed", "manage.py", "tick"]
            subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log, check=True)

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
            return next((child for child in children if is_alive(child)), None)
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

    def everything(self) -> list[psutil.Process]:
        """Its first process and whatever runs below it."""
        first = [psutil.Process(self.process.pid)] if self.process is not None else []
        return [*first, *self.members()]


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs. One that ended and that its parent has not asked after yet does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


@contextlib.contextmanager
def three_machines(folder: Path, environment: dict[str, str]) -> Iterator[list[Machine]]:
    """Started, and killed at the end whatever happened."""
    machines = [
        Machine(
            name=name,
            environment={
                **environment,
                "SENDER_JOURNAL_DIR": str(folder / name),
                "WALL_CLOCK": str(folder / f"{name}.clock"),
            },
            log=folder / f"{name}.log",
            journal=Journal(folder / name),
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
