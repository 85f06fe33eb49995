"""The world of the promoters' pages, seen by those who supervise it."""

from __future__ import annotations

from tests.opportunities.web.conftest import row, world

__all__ = ["row", "world"]
