"""What every test of the desk's API stands on."""

from __future__ import annotations

import pytest

from tests.api_people import one_connection, unhurried
from tests.opportunities.api import world as worlds

__all__ = ["one_connection", "unhurried"]


@pytest.fixture
def world(db: None) -> worlds.World:
    return worlds.build()
