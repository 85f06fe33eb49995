"""The admin's home page: the sender's part and the desk's, each for whoever has something to do with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from campaigns.admin import home as sender
from leadmaster.ops.reconciliation import nightly
from opportunities.admin import home as desk


def context(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    return {**page, **sender.context(request), **desk.context(request), "truth": truth(request)}


def truth(request: HttpRequest) -> dict[str, Any]:
    """What the last reconciliation found, for who is told; where to read it, for who may repair. One query."""
    return {"run": nightly.last_run(), "may_read": request.user.has_perm("ops.apply_repair")}
