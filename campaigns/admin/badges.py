"""Numbers beside the menu: what waits for a decision of this person. Nothing is shown for none."""

from __future__ import annotations

from django.http import HttpRequest

from campaigns.admin import pending
from leadmaster.lib.admin.pending import shown


def awaiting_approval(request: HttpRequest) -> str:
    return _shown(pending.awaiting_approval(request))


def uncertain(request: HttpRequest) -> str:
    return _shown(pending.uncertain(request))


def open_alerts(request: HttpRequest) -> str:
    return _shown(len(pending.open_alerts(request)))


def _shown(number: int) -> str:
    return shown(number) if number else ""
