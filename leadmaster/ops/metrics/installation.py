"""Figures of the installation itself: signs of life, the queue, open alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from django.db.models import Count
from prometheus_client import Metric

from leadmaster.ops import health
from leadmaster.ops.metrics.database import Source, gauge, gauges
from leadmaster.ops.models import Alert, Heartbeat

# Who gives signs of life: the words of a label are a closed list.
PROCESSES: Final = ("tick", "lookups", "sessions", "timers", "watchdog", "directory")


def heartbeats(now: dt.datetime) -> Iterator[Metric]:
    beats = Heartbeat.objects.filter(name__in=PROCESSES).order_by("name").values_list("name", "at")
    yield gauges(
        "heartbeat_age_seconds",
        "Seconds since the last sign of life; the sender's is the process “tick”",
        "process",
        [(name, max(0.0, (now - at).total_seconds())) for name, at in beats],
    )


def queue(now: dt.datetime) -> Iterator[Metric]:
    detail = health.queue(now).detail
    yield gauge("queue_tasks", "Tasks that no cluster has taken", detail["waiting"])
    yield gauge("queue_age_seconds", "Seconds that the oldest of them has waited", detail["oldest_seconds"])


def alerts(now: dt.datetime) -> Iterator[Metric]:
    counted = Alert.objects.filter(resolved_at__isnull=True).order_by().values_list("severity").annotate(Count("id"))
    numbers = dict(counted)
    yield gauges(
        "alerts_open",
        "Open alerts, by severity",
        "severity",
        [(severity.name.lower(), numbers.get(severity.value, 0)) for severity in Alert.Severity],
    )


SOURCES: tuple[Source, ...] = (heartbeats, queue, alerts)
