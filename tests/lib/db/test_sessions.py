"""What the database is told at the beginning of each session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

_ROOT = Path(__file__).resolve().parents[3]
_READ = "import json, leadmaster.settings as ours; print(json.dumps(ours.DATABASES['default']['OPTIONS']))"


def options(url: str) -> dict[str, str]:
    """Of the product's own settings, not of the tests'."""
    environment = {**os.environ, "DATABASE_URL": url}
    read = subprocess.run(
        [sys.executable, "-c", _READ], env=environment, cwd=_ROOT, capture_output=True, text=True, check=True
    )
    return dict(json.loads(read.stdout))


def test_sqlite_waits_for_the_disk_in_production() -> None:
    """A lost commit of "about to send" would let a message go out twice."""
    told = options("sqlite:///nowhere.sqlite3")["init_command"]

    assert "PRAGMA journal_mode=WAL;" in told
    assert told.count("synchronous") == 1
    assert "PRAGMA synchronous=FULL;" in told


def test_servers_read_what_is_committed_and_keep_no_snapshot() -> None:
    told = options("mysql://nobody@127.0.0.1/none")

    assert told["isolation_level"] == "read committed"
    assert "/*M!110602 innodb_snapshot_isolation = OFF, */" in told["init_command"]


@pytest.mark.mariadb
@pytest.mark.django_db
def test_no_session_keeps_a_snapshot() -> None:
    """On by default from MariaDB 11.6.2 on; older ones and MySQL have no such variable, or have it off."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION VARIABLES LIKE 'innodb_snapshot_isolation'")
        assert dict(cursor.fetchall()).get("innodb_snapshot_isolation", "OFF") == "OFF"
