"""Faults are many: each test plays dozens of lives."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from campaigns.models import Campaign
from tests.faults.harness import World


def _hurry(sender: object, connection: object, **_kwargs: object) -> None:
    if connection.vendor == "sqlite":  # type: ignore[attr-defined]
        connection.cursor().execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _quick_commits(transactional_db: None) -> None:
    """Nothing here cuts the power, so no commit has to wait for SQLite's disk."""
    connection_created.connect(_hurry)
    _hurry(None, connection)


@pytest.fixture
def campaigns() -> list[Campaign]:
    """Two lines that send one message after the other; the envíos come and go with each life."""
    world = World()
    return [world.campaign(max_attempts=3), world.campaign(max_attempts=3)]
