"""A tick with nothing due: how many questions it asks and how long it takes."""

from __future__ import annotations

import datetime as dt
import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine.tick import run_tick
from tests.bench import stage
from tests.bench.figures import percentile, say, scaled
from tests.bench.outbox.gateway import InProcessGateway

FIRST_MINUTE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def run() -> None:
    messages = stage.ensure_past()
    ticks = scaled("IDLE_TICKS", 500)
    minutes = iter(FIRST_MINUTE + dt.timedelta(minutes=n) for n in range(ticks + 2))
    _tick(next(minutes))  # the first makes the heartbeat's row
    with CaptureQueriesContext(
        connection,
    ) as captured:
        _tick(next(minutes))
    times = []
    for minute in minutes:
        started = time.perf_counter()
        _tick(minute)
        times.append(1000 * (time.perf_counter() - started))
    say(f"  {messages:,} messages of 50 finished campaigns; {ticks} ticks")
    say(f"    queries a tick       {len(captured)}")
    for query in captured.captured_queries:
        say(f"      {query['sql'][:100]}")
    say(f"    milliseconds a tick  median {percentile(times, 50):.1f}  p99 {percentile(times, 99):.1f}")


def _tick(minute: dt.datetime) -> None:
    report = run_tick(minute, open_gateway=InProcessGateway)
    assert report.ran
    assert not report.claimed
