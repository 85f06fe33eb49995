"""What every test of the desk's API stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.opportunities.api import world as worlds


@pytest.fixture(autouse=True)
def _unhurried() -> Iterator[None]:
    """Throttles count in the cache: no test pays for another one's requests."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db: None) -> worlds.World:
    return worlds.build()
