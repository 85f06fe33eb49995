"""How late messages leave: five hundred lines on one tick process, over real HTTP, on a gateway as slow as real ones.

One tick starts every minute, as in production: each claims for 45 seconds and then collects, so that two overlap.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import os
import resource
import subprocess
import threading
import time

from campaigns.engine.tick import run_tick
from campaigns.engine.timing import CLAIM_SECONDS
from campaigns.models import Attempt, Tick
from tests.bench import servers, stage
from tests.bench.figures import say, scaled, tail
from tests.simulator import simulator_process

PACING = (5, 10)
LATENCY = ("20", "40")


def run(*child: str) -> None:
    if child:
        _one_tick(dt.datetime.fromisoformat(child[0]))
        return
    lanes, ticks = scaled("LANES", 500), scaled("TICKS", 3)
    with simulator_process("--latency", *LATENCY, "--unknown-tenants", "ready", "--read-ratio", "0") as simulator:
        stage.fill(stage.open_lines(lanes, delay=PACING, base_url=simulator.base_url), each=10 * ticks)
        used = _run_minutes(ticks)
        delivered = len(simulator.delivered())
    _report(lanes, ticks, used, delivered)


def _run_minutes(ticks: int) -> list[dict[str, float]]:
    first = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    running, started = [], time.monotonic()
    for n in range(ticks):
        time.sleep(max(0.0, started + 60 * n - time.monotonic()))
        minute = (first + dt.timedelta(minutes=n)).isoformat()
        command = [servers.PYTHON, "-m", "tests.bench.part", "lateness", minute]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ))
    return [json.loads(process.communicate()[0]) for process in running]


def _one_tick(minute: dt.datetime) -> None:
    most = 0
    done = threading.Event()

    def count_threads() -> None:
        nonlocal most
        while not done.wait(1):
            most = max(most, threading.active_count() - 1)

    watcher = threading.Thread(target=count_threads)
    watcher.start()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    report = run_tick(minute)
    after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    done.set()
    watcher.join()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(  # noqa: T201 - read by the process that started this one
        json.dumps(
            {"claimed": report.claimed, "cpu": cpu, "seconds": seconds, "mib": after.ru_maxrss / 1024, "threads": most}
        ),
        flush=True,
    )
    # A thread that waits for an answer nobody will collect must not hold the measurement up.
    os._exit(0)


def _report(lanes: int, ticks: int, used: list[dict[str, float]], delivered: int) -> None:
    rows = Attempt.objects.order_by("id").values_list("lane_id", "due_at", "claimed_at", "dispatched_at")
    claims = [
        (start, start + dt.timedelta(seconds=CLAIM_SECONDS))
        for start in Tick.objects.order_by("id").values_list("started_at", flat=True)
    ]
    seen: collections.Counter[int] = collections.Counter()
    late: dict[str, list[float]] = {"first": [], "inside": [], "between": []}
    to_socket: list[float] = []
    for lane_id, due, claimed, dispatched in rows:
        assert lane_id is not None
        assert due is not None
        seen[lane_id] += 1
        inside = any(start <= due < end for start, end in claims)
        kind = "first" if seen[lane_id] == 1 else "inside" if inside else "between"
        late[kind].append((claimed - due).total_seconds())
        if kind == "inside" and dispatched is not None:
            to_socket.append((dispatched - due).total_seconds())
    say(
        f"  {lanes} lines, {'-'.join(LATENCY)} s a message, pause {PACING[0]}-{PACING[1]} s, {ticks} ticks, one a minute;"
        f" {delivered:,} delivered"
    )
    say(f"    due while a tick claims, to claimed     {tail(late['inside'], 's', 2)}")
    say(f"    due while a tick claims, to the socket  {tail(to_socket, 's', 2)}")
    say(f"    all {lanes} due at once, to claimed        {tail(late['first'], 's', 2)}")
    say(f"    due after second {CLAIM_SECONDS}, to claimed          {tail(late['between'], 's', 2)}")
    for tick in used:
        say(
            f"    a tick of {tick['seconds']:.0f} s: {tick['claimed']:.0f} claimed, {tick['cpu']:.1f} s CPU "
            f"({100 * tick['cpu'] / tick['seconds']:.0f} % of one core), {tick['mib']:.0f} MiB, {tick['threads']:.0f} threads"
        )
