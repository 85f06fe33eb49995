"""Figures that are computed from the database when they are asked for, and kept for some seconds."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from django.db import Error
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from leadmaster.lib.clock import database_now

logger = logging.getLogger(__name__)

# Shorter than anybody's scrape interval, so that counters never go back when another process answers.
KEPT_SECONDS: Final = 10.0

# A fixed number of queries each, through an index or over a small table, whatever the installation holds.
Source: TypeAlias = Callable[[dt.datetime], Iterable[Metric]]


class DatabaseCollector(Collector):
    """Asks every source, at most once in `KEPT_SECONDS` in this process, however many ask for it."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._lock = threading.Lock()
        self._kept: list[Metric] = []
        self._good_until = 0.0

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._kept = list(self._ask())
                self._good_until = time.monotonic() + KEPT_SECONDS
            kept = self._kept
        yield from kept

    def _ask(self) -> Iterator[Metric]:
        found: list[Metric] = []
        try:
            now = database_now()
            for source in self._sources:
                found += source(now)
        except Error:
            # Half of the figures would look like a sudden fall of the others.
            logger.warning("the database did not answer for /metrics", exc_info=True)
            found = []
        up = GaugeMetricFamily("leadmaster_database_up", "1 when the database answered")
        up.add_metric([], 1.0 if found else 0.0)
        yield up
        yield from found


def gauge(name: str, told: str, value: float) -> Metric:
    """One figure without labels."""
    return GaugeMetricFamily(f"leadmaster_{name}", told, value=value)


def gauges(name: str, told: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """One figure for each word of `label`."""
    family = GaugeMetricFamily(f"leadmaster_{name}", told, labels=[label])
    for word, value in values:
        family.add_metric([word], value)
    return family
