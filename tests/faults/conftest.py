"""Faults are many: each test plays dozens of lives."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.faults.harness import World


@pytest.fixture
def campaigns() -> list[Campaign]:
    """Two lines that send one message after the other; the envíos come and go with each life."""
    world = World()
    return [world.campaign(max_attempts=3), world.campaign(max_attempts=3)]
