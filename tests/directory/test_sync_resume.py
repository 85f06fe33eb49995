"""A synchronisation may be killed at any moment: the next one goes on, and the end is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from leadmaster.directory.models import Client, ContactPoint, SyncState
from leadmaster.directory.sync import SyncError, SyncReport, open_source, synchronise
from leadmaster.directory.sync.mapping import Mapping
from tests.directory.conftest import NOW, READING, directory, sync
from tests.directory.external import ExternalBase


class _Killed(Exception):
    """The process ends here."""


def _forget_everything() -> None:
    ContactPoint.objects.all().delete()
    Client.objects.all().delete()
    SyncState.objects.all().delete()


def _uninterrupted(external: ExternalBase, *, full: bool) -> tuple[dict[str, object], SyncReport]:
    report = sync(external, full=full, batch=20)
    state = directory()
    _forget_everything()
    return state, report


@pytest.mark.django_db
@pytest.mark.parametrize("full", [False, True])
def test_stopped_after_any_page_it_goes_on_to_the_same_end(external: ExternalBase, full: bool) -> None:
    external.fill(130)
    external.run("UPDATE clientes SET actualizado = NULL WHERE id % 13 = 0")
    expected, report = _uninterrupted(external, full=full)
    for pages in range(1, 8):
        left = pages

        def kill(done: int, total: int) -> None:
            nonlocal left
            if left == 0:
                raise _Killed
            left -= 1

        with pytest.raises(_Killed):
            sync(external, full=full, batch=20, progress=kill)
        so_far = Client.objects.count()
        resumed = sync(external, full=full, batch=20)
        assert resumed == report, f"after {pages} pages, {so_far} clients"
        assert directory() == expected
        assert SyncState.objects.get().progress is None
        _forget_everything()


@pytest.mark.django_db
def test_what_a_killed_run_read_is_not_read_again(external: ExternalBase) -> None:
    external.fill(100)
    seen: list[tuple[int, int]] = []

    def kill(done: int, total: int) -> None:
        if done == 60:
            raise _Killed

    with pytest.raises(_Killed):
        sync(external, batch=20, progress=kill)
    sync(external, batch=20, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(60, 100), (80, 100), (100, 100), (100, 100)]


@pytest.mark.django_db
def test_a_run_of_another_kind_begins_anew_and_loses_nothing(external: ExternalBase) -> None:
    external.fill(100)

    def kill(done: int, total: int) -> None:
        if done == 40:
            raise _Killed

    with pytest.raises(_Killed):
        sync(external, batch=20, progress=kill)
    external.run("DELETE FROM clientes WHERE id IN (SELECT id FROM clientes ORDER BY actualizado LIMIT 3)")
    report = sync(external, batch=20, full=True)
    assert (report.read, report.unchanged, report.new, report.gone) == (97, 37, 60, 3)


@pytest.mark.django_db(transaction=True)
def test_a_page_and_its_cursor_are_saved_together_or_not_at_all(external: ExternalBase) -> None:
    external.fill(60)
    with connection.cursor() as cursor:
        # The third page's report can't be written.
        cursor.execute(
            "CREATE TRIGGER no_third_page BEFORE UPDATE ON directory_syncstate FOR EACH ROW "
            + (
                "WHEN NEW.report LIKE '%\"read\": 60%' BEGIN SELECT RAISE(ABORT, 'no'); END"
                if connection.vendor == "sqlite"
                else "IF NEW.report LIKE '%%\"read\": 60%%' THEN SIGNAL SQLSTATE '45000'; END IF"
            )
        )
    try:
        with pytest.raises(Exception, match=r"no|45000|Unhandled"):
            sync(external, batch=20)
        assert Client.objects.count() == 40
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER no_third_page")
    report = sync(external, batch=20)
    assert (report.read, report.new) == (60, 60)
    assert Client.objects.count() == 60


@pytest.mark.django_db
def test_the_run_that_began_last_wins(external: ExternalBase) -> None:
    external.fill(60)

    def another(done: int, total: int) -> None:
        if done == 20:
            sync(external, batch=30)

    with pytest.raises(SyncError, match="tomó el relevo") as refusal:
        sync(external, batch=20, progress=another)
    assert refusal.value.code == "overtaken"
    assert Client.objects.count() == 60
    assert SyncState.objects.get().report["new"] == 60


@pytest.mark.django_db
def test_a_run_with_other_habits_of_reading_does_not_go_on_with_the_former(external: ExternalBase) -> None:
    """After CLIENTS_REGION was corrected everybody is read with the new one, unchanged rows too."""
    external.add(1, contacts=[("celular", "0351 15 2743915", 1)])
    sync(external)
    assert ContactPoint.objects.get().is_valid is False
    argentine = type(READING)(region="AR", tz=READING.tz)
    with open_source(str(external.path), Mapping()) as source:
        report = synchronise(source, name="externo", reading=argentine, now=NOW, full=True)
    assert report.changed == 1
    assert ContactPoint.objects.get().normalised == "+5493512743915"


def _start(external: ExternalBase, database_url: str, *options: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "CLIENTS_DATABASE_URL": f"sqlite:///{external.path}",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "manage.py", "sync_clients", "--json", *options]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("committed", [0, 150, 600])
def test_killed_in_the_middle_the_next_process_ends_where_one_would_have(
    external: ExternalBase, database_url: str, committed: int
) -> None:
    external.fill(900)
    expected, report = _uninterrupted(external, full=True)
    process = _start(external, database_url, "--full", "--batch", "10")
    deadline = time.monotonic() + 60
    while not SyncState.objects.exists() or Client.objects.count() < committed:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = Client.objects.count()
    assert committed <= there < 900
    assert there % 10 == 0
    assert SyncState.objects.get().report.get("read", 0) == there

    again = _start(external, database_url, "--full", "--batch", "10")
    output, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert directory() == expected
    assert SyncReport.of(SyncState.objects.get().report) == report
    assert b'"new": 900' in output
