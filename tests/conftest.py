"""Which database the suite runs on, and the few fixtures that every room needs.

DATABASE_URL decides, as it does for the product; without one it is SQLite, in a file, because threads need a database
that they can share. Values are set before Django reads its settings, so a developer's .env has no say.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connections
from pytest_django import Settings

from tests.environment import SCRATCH

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
        connections["default"].settings_dict["TEST"]["NAME"] = str(SCRATCH / "test.sqlite3")


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
