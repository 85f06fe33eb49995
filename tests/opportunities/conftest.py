"""Who stands on the desk: `people` for its rules, and the `world` of the promoters' pages for what pages and API share."""

from __future__ import annotations

import pytest

from tests.factories.opportunities import Funnel
from tests.opportunities import people as peoples
from tests.opportunities.people import People
from tests.opportunities.web.conftest import row, world

__all__ = ["row", "world"]


@pytest.fixture
def funnel(db: None) -> Funnel:
    return Funnel()


@pytest.fixture
def people(funnel: Funnel) -> People:
    return peoples.build()
