"""Which database the suite runs on, and the few fixtures that every room needs.

DATABASE_URL decides, as it does for the product; without one it is SQLite, in a file, because threads need a database
that they can share. Values are set before Django reads its settings, so a developer's .env has no say.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connections
from pytest_django import Settings

# One directory per process: every xdist worker has its own database file, media and journal.
_SCRATCH = Path(tempfile.mkdtemp(prefix="leadmaster-tests-"))
atexit.register(shutil.rmtree, _SCRATCH, ignore_errors=True)

os.environ.setdefault("DATABASE_URL", f"sqlite:///{_SCRATCH / 'leadmaster.sqlite3'}")
os.environ.update(
    SECRET_KEY="tests-sign-with-this-and-nothing-else-does",
    FIELD_ENCRYPTION_KEY="0f" * 32,
    DEBUG="false",
    ALLOWED_HOSTS="localhost,127.0.0.1,[::1],testserver",
    SESSION_MANAGER_TOKEN="token-of-the-tests",
    SESSION_MANAGER_BASE_URL="http://localhost:3011",
    SESSION_MANAGER_SEND_TIMEOUT="90",
    AUTO_CAMPAIGNS_ENABLED="true",
    DIAG_SENDER="false",
    WHATSAPP_DAILY_LIMIT="180",
    TIME_ZONE="America/Argentina/Cordoba",
    EMAIL_URL="memorymail://",
    MEDIA_ROOT=str(_SCRATCH / "media"),
    SENDER_JOURNAL_DIR=str(_SCRATCH / "journal"),
)
for _name in (
    "ALERT_EMAILS",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
    "BEHIND_TLS",
    "CSRF_TRUSTED_ORIGINS",
    "PORT",
):
    os.environ[_name] = ""

_ON_SQLITE = os.environ["DATABASE_URL"].startswith("sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs row locks is not part of the suite on SQLite: left out, not skipped."""
    if not _ON_SQLITE:
        return
    left_out = [item for item in items if item.get_closest_marker("mariadb")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("mariadb")]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A file on SQLite: Django's in-memory test database has no write-ahead log, and other processes can't open it."""
    if _ON_SQLITE:
        connections["default"].settings_dict["TEST"]["NAME"] = str(_SCRATCH / "test.sqlite3")


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """DATABASE_URL of the test database, for processes that a test starts."""
    name = connections["default"].settings_dict["NAME"]
    if _ON_SQLITE:
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
