"""Imports beside each other, beside the sender, and killed."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.audience import ImportReport, import_file
from campaigns.engine.tick import run_tick
from campaigns.models import Campaign, Envio, RecipientImport
from tests.campaigns.audience.reading import counts
from tests.factories.campaigns import CampaignFactory
from tests.lib.tables.spreadsheets import csv_bytes

pytestmark = pytest.mark.django_db(transaction=True)

PROJECT = Path(__file__).resolve().parents[3]


def people(path: Path, count: int, *, start: int = 0) -> Path:
    rows = [[f"351 4{n:06}", f"Persona {n}"] for n in range(start, start + count)]
    path.write_bytes(csv_bytes([["Teléfono", "Nombre"], *rows]))
    return path


def test_two_imports_of_one_file_at_once_add_everybody_once(tmp_path: Path) -> None:
    campaign: Campaign = CampaignFactory.create(template="Hola {nombre}")
    path = people(tmp_path / "a.csv", 4_000)
    reports: list[ImportReport] = []

    def bring() -> None:
        try:
            reports.append(import_file(Campaign.objects.get(pk=campaign.pk), path, now=timezone.now()))
        finally:
            connection.close()

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reports) == 2
    assert sum(report.accepted for report in reports) == 4_000
    assert sum(report.already_there for report in reports) == 4_000
    assert Envio.objects.filter(campaign=campaign).count() == 4_000


def test_an_import_killed_half_way_is_completed_by_the_same_file(tmp_path: Path, database_url: str) -> None:
    campaign: Campaign = CampaignFactory.create(template="Hola {nombre}")
    path = people(tmp_path / "a.csv", 15_000)
    environment = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "leadmaster.settings"}
    command = [sys.executable, "manage.py", "import_recipients", str(campaign.pk), str(path), "--json"]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for(lambda: RecipientImport.objects.filter(campaign=campaign, accepted__gte=3_000).exists())
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    killed = RecipientImport.objects.get(campaign=campaign)
    written = Envio.objects.filter(campaign=campaign).count()
    assert 3_000 <= written < 15_000
    assert (killed.accepted, killed.rows) == (written, written), "the counters tell the truth at any moment"

    again = import_file(campaign, path, now=timezone.now())
    assert counts(again) == {"accepted": 15_000 - written, "already_there": written}
    assert Envio.objects.filter(campaign=campaign).values("phone").distinct().count() == 15_000


def test_ticks_go_on_while_a_file_comes_in(tmp_path: Path) -> None:
    campaign: Campaign = CampaignFactory.create(template="Hola {nombre}")
    path = people(tmp_path / "a.csv", 10_000)
    done: list[ImportReport] = []

    def bring() -> None:
        try:
            done.append(import_file(Campaign.objects.get(pk=campaign.pk), path, now=timezone.now()))
        finally:
            connection.close()

    thread = threading.Thread(target=bring)
    thread.start()
    first_minute = timezone.now()
    slowest, ticks = 0.0, 0
    while thread.is_alive():
        started = time.monotonic()
        assert run_tick(first_minute + dt.timedelta(minutes=ticks)).ran
        slowest = max(slowest, time.monotonic() - started)
        ticks += 1
    thread.join()

    assert counts(done[0]) == {"accepted": 10_000}
    assert ticks > 1
    assert slowest < 5, "a tick waits for one batch at most, not for the file"


def _wait_for(condition: object, *, seconds: float = 60) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
