"""`manage.py watchdog` as the process that it is."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from leadmaster.ops.heartbeat import beat
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.ops.receiver import receiving

ROOT = Path(__file__).resolve().parent.parent.parent


def command(*arguments: str, database_url: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "watchdog", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def look_once(*, database_url: str, **environment: str) -> tuple[int, dict[str, Any]]:
    process = command("--once", "--json", database_url=database_url, **environment)
    output, errors = process.communicate(timeout=60)
    assert output, errors
    return process.returncode, json.loads(output)


@pytest.mark.django_db(transaction=True)
def test_all_is_well(database_url: str) -> None:
    beat("tick", now=timezone.now())
    beat("sessions", now=timezone.now())
    beat("timers", now=timezone.now())

    status, report = look_once(database_url=database_url)

    assert status == 0
    assert (report["ok"], report["troubles"], report["error"]) == (True, [], "")


@pytest.mark.django_db(transaction=True)
def test_dead_timers_are_told_and_how_many_opportunities_wait_for_them(database_url: str) -> None:
    beat("tick", now=timezone.now())
    beat("sessions", now=timezone.now())
    beat("timers", now=timezone.now() - dt.timedelta(days=1))

    status, report = look_once(database_url=database_url)

    assert (status, report["troubles"]) == (1, ["timers_late"])


@pytest.mark.django_db(transaction=True)
def test_a_dead_sender_and_a_gateway_that_is_not_there_are_told_in_one_look(database_url: str) -> None:
    """Nobody asked the gateways lately, so the watchdog does; one alert tells of all its lines."""
    with socket.socket() as unused, receiving() as receiver:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        WhatsAppSessionFactory.create_batch(3, base_url=address)

        status, report = look_once(
            database_url=database_url, ALERT_WEBHOOK_URL=receiver.url, ALERT_WEBHOOK_SECRET="shared"
        )

        told = {json.loads(body)["key"] for _, body in receiver.requests}
    assert status == 1
    assert set(report["troubles"]) == told == {"tick_late", "timers_late", f"gateway:{address}"}
    assert (report["told"], report["untold"]) == (3, 0)


def test_without_a_database_it_says_so_and_does_not_break() -> None:
    with socket.socket() as unused:  # bound, and nobody listens
        unused.bind(("127.0.0.1", 0))
        status, report = look_once(database_url=f"mysql://nobody:x@127.0.0.1:{unused.getsockname()[1]}/leadmaster")

    assert status == 1
    assert report["error"] == "OperationalError"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stays_until_it_is_told_to_end(database_url: str, number: signal.Signals) -> None:
    process = command("--json", database_url=database_url)
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["ok"], "a system that was just started has its first minutes"

        process.send_signal(number)

        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.communicate()
