"""The world of the promoters' pages, for tests of what its pages and its API share."""

from __future__ import annotations

from tests.opportunities.web.conftest import row, world

__all__ = ["row", "world"]
