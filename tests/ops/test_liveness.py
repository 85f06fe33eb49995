"""A cluster that hangs stops saying that it is alive; one that has too much to do does not."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leadmaster.lib import systemd
from leadmaster.ops import liveness
from leadmaster.ops.liveness import STUCK_AFTER_SECONDS, Pulse

ROOT = Path(__file__).resolve().parents[2]


class Watch:
    """Seconds by hand, and how often `alive` was said."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.said = 0
        self.pulse = Pulse(alive=self.alive, clock=lambda: self.at)

    def alive(self) -> None:
        self.said += 1

    def after(self, seconds: float) -> int:
        """How often it was said since, asked twice a second."""
        before, end = self.said, self.at + seconds
        while self.at < end:
            self.at += 0.5
            self.pulse.beat()
        return self.said - before


def put_task() -> int:
    row = apps.get_model("django_q", "OrmQ")._default_manager.create(
        key="leadmaster", payload="x", lock=timezone.now() - dt.timedelta(hours=5)
    )
    number: int = row.pk
    return number


def take(number: int) -> None:
    apps.get_model("django_q", "OrmQ")._default_manager.filter(pk=number).delete()


@pytest.mark.django_db(transaction=True)
def test_an_empty_queue_is_well() -> None:
    assert Watch().after(600) == 30


@pytest.mark.django_db(transaction=True)
def test_a_task_that_nobody_takes_ends_the_pulse() -> None:
    put_task()
    put_task()
    watch = Watch()

    assert watch.after(STUCK_AFTER_SECONDS - 20) > 15
    assert watch.after(40) <= 1
    assert watch.after(600) == 0


@pytest.mark.django_db(transaction=True)
def test_a_long_queue_that_moves_is_well_however_old_it_is() -> None:
    tasks = [put_task() for _ in range(6)]
    watch = Watch()

    for number in tasks:
        assert watch.after(STUCK_AFTER_SECONDS - 40) > 15
        take(number)


@pytest.mark.django_db(transaction=True)
def test_what_was_stuck_and_moves_again_is_well_again() -> None:
    first = put_task()
    put_task()
    watch = Watch()
    watch.after(STUCK_AFTER_SECONDS + 100)

    take(first)

    assert watch.after(60) == 3


@pytest.mark.django_db(transaction=True)
def test_a_look_is_cheap_and_rare(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2 if connection.vendor == "mysql" else 1):
        Watch().after(19)


def test_a_database_that_is_away_is_no_reason_to_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(liveness, "_first_waiting", away)
    monkeypatch.setattr(liveness, "close_old_connections", lambda: None)

    assert Watch().after(600) == 30


# --- As systemd hears it ----------------------------------------------------------------------------------------------


@pytest.fixture
def heard(tmp_path: Path) -> socket.socket:
    """The other end of NOTIFY_SOCKET."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(60)
    return listening


@pytest.mark.parametrize(
    ("say", "word"), [(systemd.ready, b"READY=1"), (systemd.alive, b"WATCHDOG=1"), (systemd.stopping, b"STOPPING=1")]
)
def test_a_word_arrives(
    heard: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Callable[[], None], word: bytes
) -> None:
    say()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody-listens"))
    say()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    say()

    with heard:
        assert heard.recv(100) == word
        heard.setblocking(False)
        with pytest.raises(BlockingIOError):
            heard.recv(100)


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"leadmaster-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        systemd.ready()
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("command", ["qcluster", "watchdog"])
def test_each_process_says_that_it_is_ready_and_alive(
    database_url: str, heard: socket.socket, tmp_path: Path, command: str
) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "DJANGO_SETTINGS_MODULE": "leadmaster.settings",
        "Q_WORKERS": "1",
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", command], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    with heard:
        try:
            words = [heard.recv(100), heard.recv(100)]
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=60)

    assert words == [b"READY=1", b"WATCHDOG=1"]
    assert status == 0
