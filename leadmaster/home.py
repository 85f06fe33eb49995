"""The admin's home page: the sender's part and the desk's, each for whoever has something to do with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from campaigns.admin import home as sender
from opportunities.admin import home as desk


def context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    return {**page, **sender.context(request), **desk.context(request)}
