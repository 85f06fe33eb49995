"""Which database the suite runs on, and the few fixtures that every room needs.

DATABASE_URL decides, as it does for the product; without one it is SQLite, in a file of each process's own.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import pytest
from django.conf import settings as project_settings
from django.db import connections
from django.test import Client, TransactionTestCase
from django.test.client import ClientMixin
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from leadmaster.accounts.middleware import SEEN_AT
from tests import emptying
from tests.chaos.hosts import why_none
from tests.databases import left_to_a_server, left_to_sqlite, runs_on_a_server

ROOT = Path(__file__).resolve().parents[1]

# Speed is measured elsewhere, against a peer: a busy machine must not fail a property. CI tries the same examples
# each time; developers try new ones.
hypothesis.settings.register_profile(
    "leadmaster",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("leadmaster")


@pytest.fixture(autouse=True)
def whoever_logs_in_was_just_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after the first page: the sign of life is written once in five minutes, and is no part of what a page costs."""
    log_in = ClientMixin._login  # type: ignore[attr-defined]  # private to Django

    def seen(client: Client, user: Any, backend: Any = None) -> None:
        log_in(client, user, backend)
        session = client.session
        session[SEEN_AT] = int(timezone.now().timestamp())
        session.save()

    monkeypatch.setattr(ClientMixin, "_login", seen)


def _on_sqlite() -> bool:
    return str(project_settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everywhere", action="store_true", help="also what is left to the other database")
    parser.addoption("--nearest", type=int, default=0, help="only so many tests, in the order of the command line")


# What a machine may lack, by the marker of the tests that need it.
_GIVEN_DUMP = ROOT.parent / "shared" / "data" / "legacy_leadmaster.sql"
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"
_THERE = {
    "old_server": shutil.which("mariadbd", path=_PLACES) is not None,
    "prometheus": all(shutil.which(name, path=_PLACES) for name in ("prometheus", "promtool")),
    "nginx": shutil.which("nginx", path=_PLACES) is not None,
    "systemd": shutil.which("systemd-analyze", path=_PLACES) is not None,
    "compose": shutil.which("docker-compose", path=_PLACES) is not None,
    "logrotate": shutil.which("logrotate", path=_PLACES) is not None,
    "given_dump": _GIVEN_DUMP.is_file(),
    "vendor_specs": (ROOT.parent / "shared" / "specs").is_dir(),
    # Five minutes and root's rights: part of `make chaos`, not of `make test`.
    "hosts": bool(os.environ.get("HOSTS")) and not why_none(),
    "neonize": importlib.util.find_spec("neonize") is not None,
}


def pytest_report_header(config: pytest.Config) -> list[str]:
    lacking = [f"NOT TRIED HERE: tests marked {marker}, what they need is missing" for marker in _lacking()]
    if _on_sqlite():
        return [*lacking, "database: SQLite; what is left to a server is not part of this run (tests/databases.py)"]
    if config.getoption("--everywhere"):
        return [*lacking, "database: a server, with all the tests"]
    return [
        *lacking,
        "database: a server; what can not differ there is left to SQLite (tests/databases.py, --everywhere)",
    ]


def _lacking() -> list[str]:
    return [marker for marker, there in _THERE.items() if not there]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file of which nothing runs here is not even read: reading all of them takes as long as a hundred tests."""
    if _on_sqlite() or config.getoption("--everywhere") or not collection_path.name.startswith("test_"):
        return None
    name = collection_path.relative_to(ROOT).as_posix()
    return None if runs_on_a_server(name, collection_path.read_text(encoding="utf-8")) else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What belongs to another database is not part of the run: left out, not skipped."""
    if _on_sqlite():
        here = [item for item in items if _runs_on_sqlite(item, everywhere=config.getoption("--everywhere"))]
    elif config.getoption("--everywhere"):
        here = list(items)
    else:
        here = [item for item in items if _runs_on_a_server(item)]
    here = [item for item in here if not any(item.get_closest_marker(marker) for marker in _lacking())]
    if config.getoption("--nearest"):
        # Before others put them into an order of their own.
        here = [
            item for item in here if not item.get_closest_marker("browser") and not item.get_closest_marker("chaos")
        ]
        here = here[: config.getoption("--nearest")]
    left_out = set(items) - set(here)
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = here


def _runs_on_sqlite(item: pytest.Item, *, everywhere: bool) -> bool:
    if item.get_closest_marker("mariadb"):
        return False
    return everywhere or not left_to_a_server(item.path.relative_to(ROOT).as_posix())


def _runs_on_a_server(item: pytest.Item) -> bool:
    if item.get_closest_marker("mariadb") or item.get_closest_marker("every_database"):
        return True
    return not left_to_sqlite(item.path.relative_to(ROOT).as_posix())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file on SQLite: Django's in-memory test database has no write-ahead log, and other processes can't open it."""
    if _on_sqlite():
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Who commits leaves rows in few tables: those are emptied, and no more."""
    if request.config.getoption("--reuse-db"):
        # Whoever had it before may have been killed in the middle.
        with django_db_blocker.unblock():
            emptying.empty(connections["default"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", emptying.after_a_test)
        yield


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    """No test finds what another one wrote."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SENDER_JOURNAL_DIR = tmp_path / "journal"


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """DATABASE_URL of the test database, for processes that a test starts."""
    name = connections["default"].settings_dict["NAME"]
    if _on_sqlite():
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
