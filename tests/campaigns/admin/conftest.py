"""The company of every test of the desk."""

from __future__ import annotations

import pytest

from tests import desk as desks


@pytest.fixture
def desk(db: None) -> desks.Desk:
    return desks.build()
