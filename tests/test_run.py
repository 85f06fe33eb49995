"""What `make run` starts: everything comes up, and whatever ends first, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
_UP = "Ctrl-C stops everything"
_LOGIN = "laura"

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Run:
    """`deploy/run` in a process group of its own, as a terminal would have it, with its output in a file."""

    def __init__(self, home: Path) -> None:
        self.port, self.gateway_port = free_ports()
        self._output = home / f"output-{self.port}"
        environment = {
            **os.environ,
            "VENV": sys.prefix,
            "VAR": str(home),
            "DATABASE_URL": f"sqlite:///{home / 'leadmaster.sqlite3'}",
            "SENDER_JOURNAL_DIR": str(home / "journal"),
            "MEDIA_ROOT": str(home / "media"),
            "PORT": str(self.port),
            "GATEWAY_PORT": str(self.gateway_port),
        }
        # Ours would keep the simulator off, and name settings that only tests have.
        for name in ("SESSION_MANAGER_BASE_URL", "DJANGO_SETTINGS_MODULE"):
            environment.pop(name, None)
        with self._output.open("w") as output:
            self.leader = psutil.Popen(
                [str(ROOT / "deploy" / "run")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 90
        while _UP not in self.output:
            assert self.leader.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.2)

    def processes(self) -> list[psutil.Process]:
        descendants: list[psutil.Process] = self.leader.children(recursive=True)
        return [self.leader, *descendants]

    def press_ctrl_c(self) -> None:
        """A terminal sends SIGINT to its whole foreground group."""
        os.killpg(self.leader.pid, signal.SIGINT)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    # A failing test must not leave a cluster behind.
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("VAR") == str(tmp_path)
        except psutil.Error:
            continue
        if ours:
            process.kill()


def left_after(processes: list[psutil.Process], *, seconds: float) -> list[str]:
    _gone, alive = psutil.wait_procs(processes, timeout=seconds)
    return [" ".join(process.cmdline()) for process in alive]


def test_everything_comes_up_and_one_ctrl_c_ends_it_and_the_next_run_goes_on(home: Path) -> None:
    first = Run(home)
    first.wait_until_up()
    processes = first.processes()
    commands = "\n".join(" ".join(process.cmdline()) for process in processes)
    for part in ("gunicorn", "qcluster", "watchdog", "simulate_gateway"):
        assert part in commands
    assert requests.get(f"http://localhost:{first.port}/readyz", timeout=10).status_code == 200
    assert requests.get(f"http://localhost:{first.gateway_port}/health", timeout=10).ok
    assert _LOGIN in first.output

    first.press_ctrl_c()

    assert left_after(processes, seconds=20) == []
    assert first.leader.returncode == 0
    assert "cluster.1 stopped (rc=0)" in first.output, "it ended by itself"
    assert (home / "run.env").read_text() == f"SESSION_MANAGER_BASE_URL=http://localhost:{first.gateway_port}\n"
    assert first.output.splitlines()[-1] == "Stopped. The next 'make run' goes on from here."
    assert not list((home / "run").iterdir())

    second = Run(home)
    second.wait_until_up()
    processes = second.processes()
    assert _LOGIN in second.output
    honcho = next(process for process in processes if "honcho" in " ".join(process.cmdline()))

    honcho.kill()

    assert left_after(processes, seconds=20) == []


def test_a_port_that_is_taken_is_said_in_a_sentence(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        process = subprocess.run(
            [str(ROOT / "deploy" / "run")],
            env={**os.environ, "VENV": sys.prefix, "VAR": str(home), "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert process.returncode == 1
    assert f"Port {port} is taken" in process.stderr
    assert "make run PORT=8001" in process.stderr
