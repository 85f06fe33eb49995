"""One throwaway server for all tests of the import, and a database of its own for each old one."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import MySQLdb
import pytest
from django.utils import timezone

from leadmaster.legacy import dump
from leadmaster.legacy.report import Report
from leadmaster.legacy.run import import_legacy
from tests.legacy.old import Old

TZ = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
Load = Callable[[Old], str]
Import = Callable[..., Report]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def old_server() -> Iterator[Path]:
    with dump.throwaway_server() as socket:
        yield socket


@pytest.fixture
def load(old_server: Path) -> Load:
    """The address of a live old database with these rows."""

    def loaded(old: Old) -> str:
        name = f"old_{next(_numbers)}"
        connection = MySQLdb.connect(unix_socket=str(old_server), user="root", charset="utf8mb4")
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f"USE {name}")
            for statement in old.statements():
                cursor.execute(statement)
        connection.commit()
        connection.close()
        return dump.address(old_server, name)

    return loaded


@pytest.fixture
def take_over(load: Load, db: None) -> Import:
    """Import an old database, or the one at an address; `dry_run=True` for a rehearsal."""

    def imported(old: Old | str, **options: Any) -> Report:
        address = load(old) if isinstance(old, Old) else old
        told = {"name": "legado", "team": "Sistema anterior", "clients": "externo", "tz": TZ, "dry_run": False}
        return import_legacy(address, **{**told, "now": timezone.now(), **options})

    return imported
