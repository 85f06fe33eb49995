"""Numbers beside the menu: what waits for a decision of this person. Nothing is shown for none."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from campaigns.admin import pending
from leadmaster.lib.admin.pending import KEPT_SECONDS, written
from leadmaster.lib.shared import own


def awaiting_approval(request: HttpRequest) -> str:
    return _shown(request, "awaiting_approval", lambda: pending.awaiting_approval(request))


def uncertain(request: HttpRequest) -> str:
    return _shown(request, "uncertain", lambda: pending.uncertain(request))


def open_alerts(request: HttpRequest) -> str:
    return _shown(request, "alerts", lambda: len(pending.open_alerts(request)))


def _shown(request: HttpRequest, name: str, count: Callable[[], int]) -> str:
    """Every page draws the menu: the number is counted once every few seconds."""
    return own(request, f"badge-{name}", lambda: written(count()), seconds=KEPT_SECONDS)
