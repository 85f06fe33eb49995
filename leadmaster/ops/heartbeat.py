"""Signs of life, judged from outside by their age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from leadmaster.ops.models import Heartbeat


def beat(name: str, *, now: dt.datetime, detail: Mapping[str, Any] | None = None) -> None:
    """Say that `name` is alive at `now`. One UPDATE on all days but the first."""
    values = {"at": now, "detail": dict(detail or {})}
    if Heartbeat.objects.filter(name=name).update(**values):
        return
    Heartbeat.objects.update_or_create(name=name, defaults=values)


def age(name: str, *, now: dt.datetime) -> dt.timedelta | None:
    """How long ago `name` last gave a sign of life; None when it never did. Never negative."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    if at is None:
        return None
    return max(now - at, dt.timedelta(0))
