"""What the directory tells a Prometheus. How long ago it last followed the client base is among the signs of life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from prometheus_client import Metric

from leadmaster.directory.health import follows, late_after
from leadmaster.ops.metrics.database import Source, gauge


def following(now: dt.datetime) -> Iterator[Metric]:
    late = late_after().total_seconds() if follows() else 0.0
    yield gauge(
        "directory_late_after_seconds", "From this age on the directory is late; 0 where none is followed", late
    )


SOURCES: tuple[Source, ...] = (following,)
