"""A whole installation: clusters, web server and watchdog, its backups, and the people who work with it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.backups import Backups
from tests.chaos.desk import Desks
from tests.chaos.doors import Program
from tests.chaos.machines import Machine, three_machines
from tests.chaos.people import Crowd


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site:
    clusters: Sequence[Machine]
    web: Machine
    watchdog: Machine
    backups: Backups
    crowd: Crowd
    operator: Program

    @property
    def machines(self) -> list[Machine]:
        return [*self.clusters, self.web, self.watchdog]


@contextlib.contextmanager
def running(desks: Desks, *, port: int, environment: dict[str, str], folder: Path, seed: int) -> Iterator[Site]:
    """Everything started, and killed at the end whatever happened."""
    base_url = f"http://127.0.0.1:{port}"
    web, watchdog = [
        Machine(
            name=name,
            environment={**environment, "WALL_CLOCK": str(folder / f"{name}.clock")},
            log=folder / f"{name}.log",
            command=command,
        )
        for name, command in (
            ("web", ("gunicorn", "leadmaster.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "8")),
            ("vigia", ("manage.py", "watchdog")),
        )
    ]
    try:
        web.start()
        watchdog.start()
        with three_machines(folder, environment) as clusters:
            crowd = Crowd(desks, base_url, seed=seed)
            yield Site(
                clusters=clusters,
                web=web,
                watchdog=watchdog,
                backups=Backups(folder / "backups"),
                crowd=crowd,
                operator=Program(desks.administrator, base_url, crowd.watch),
            )
    finally:
        web.kill()
        watchdog.kill()
