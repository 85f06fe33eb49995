"""The company of every test of the desk."""

from __future__ import annotations

import pytest

from tests import company as companies


@pytest.fixture
def company(db: None) -> companies.Company:
    return companies.build()
