"""How late messages leave: one, two, three and five hundred lines, over real HTTP, on a gateway as slow as real ones.

One tick starts every minute in a process that is warm, as the cluster's are; each claims until the next one begins and
then collects, so that two overlap. Beside them an empty loop commits one row at its own due times, as often as messages
fall due: how late that is, is the machine's doing.

A few lines are the harder case: all of them may be in the air when a tick begins, and it has to wait for them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaigns.engine.tick import run_tick
from campaigns.models import Attempt, Tick
from tests.bench import database, servers, stage
from tests.bench.figures import say, scaled, tail
from tests.simulator import simulator_process

PACING = (5, 10)
LATENCY = ("20", "40")
# A process needs so long to import everything on a machine with nothing to spare.
WARM_UP = 20.0
# Of a lane's turn, in seconds: pause and the gateway's time in the middle, for the empty loop's rate.
CYCLE = 37.5
FEW = (1, 2, 3)


def run(*child: str) -> None:
    if child:
        what, *numbers = child
        work: dict[str, Callable[..., None]] = {"tick": _one_tick, "empty": _empty_loop, "world": _world}
        work[what](*map(float, numbers))
        return
    # A few lines hardly use the machine: they run beside each other, each in a database of its own.
    few = [_few_lines(lines, scaled("FEW_TICKS", 8)) for lines in FEW]
    for process in few:
        process.wait()
    _world(scaled("LANES", 500), scaled("TICKS", 3))


def _few_lines(lines: int, ticks: int) -> subprocess.Popen[bytes]:
    name = f"bench_lateness_{lines}"
    database.clone(database.TEMPLATE, name)
    journal = Path(os.environ["SENDER_JOURNAL_DIR"], name)
    environment = {**os.environ, "DATABASE_URL": database.url_of(name), "SENDER_JOURNAL_DIR": str(journal)}
    command = [servers.PYTHON, "-m", "tests.bench.part", "lateness", "world", str(lines), str(ticks)]
    return subprocess.Popen(command, env=environment)


def _world(lines: float, ticks: float) -> None:
    """So many lines through so many minutes, and what was seen."""
    lanes, minutes = int(lines), int(ticks)
    before = os.getloadavg()[0]
    with simulator_process("--latency", *LATENCY, "--unknown-tenants", "ready", "--read-ratio", "0") as simulator:
        stage.fill(stage.open_lines(lanes, delay=PACING, base_url=simulator.base_url), each=10 * minutes)
        used, empty = _run_minutes(lanes, minutes)
        delivered = len(simulator.delivered())
    setting = f"{lanes} lines, {'-'.join(LATENCY)} s a message, pause {PACING[0]}-{PACING[1]} s, {minutes} ticks, one a minute"
    load = f"load {before:.1f} to {os.getloadavg()[0]:.1f}"
    report = [
        f"  {setting}; {delivered:,} delivered; {load}",
        *_report(lanes),
        f"    an empty loop's commit, same minutes      {tail(empty, 's', 2)}",
    ]
    if lanes not in FEW:
        report += [_told(tick) for tick in used]
    say("\n".join(report))


def _told(tick: dict[str, float]) -> str:
    share = 100 * tick["cpu"] / tick["seconds"]
    used = f"{tick['cpu']:.1f} s CPU ({share:.0f} % of one core), {tick['mib']:.0f} MiB, {tick['threads']:.0f} threads"
    return f"    a tick of {tick['seconds']:.0f} s: {tick['claimed']:.0f} claimed, {used}"


def _run_minutes(lanes: int, ticks: int) -> tuple[list[dict[str, float]], list[float]]:
    """What each tick used, and how late the empty loop was."""
    # On the minute, so that the ticks' rows are those of different minutes.
    first = -(-(time.time() + WARM_UP) // 60) * 60
    starts = [first + 60 * n for n in range(ticks)]
    loop = _start("empty", first, first + 60 * ticks, CYCLE / lanes)
    running = []
    for start in starts:
        time.sleep(max(0.0, start - WARM_UP - time.time()))
        running.append(_start("tick", start))
    used = [json.loads(process.communicate()[0]) for process in running]
    empty: list[float] = json.loads(loop.communicate()[0])
    return used, empty


def _start(what: str, *numbers: float) -> subprocess.Popen[bytes]:
    command = [servers.PYTHON, "-m", "tests.bench.part", "lateness", what, *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)


def _tell(result: Any) -> None:
    print(json.dumps(result), flush=True)  # noqa: T201 - read by the process that started this one


def _empty_loop(first: float, end: float, every: float) -> None:
    cursor = database.connect().cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS bench_empty (n INT)")
    cursor.execute("INSERT INTO bench_empty VALUES (0)")
    late, due = [], first
    while due < end:
        time.sleep(max(0.0, due - time.time()))
        cursor.execute("UPDATE bench_empty SET n = n + 1")
        late.append(time.time() - due)
        due += every
    _tell(late)


def _one_tick(start: float) -> None:
    time.sleep(max(0.0, start - time.time()))
    most = 0
    done = threading.Event()

    def count_threads() -> None:
        nonlocal most
        while not done.wait(1):
            most = max(most, threading.active_count() - 1)

    watcher = threading.Thread(target=count_threads)
    watcher.start()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    report = run_tick(dt.datetime.fromtimestamp(start, dt.UTC))
    after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - started
    done.set()
    watcher.join()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _tell({"claimed": report.claimed, "cpu": cpu, "seconds": seconds, "mib": after.ru_maxrss / 1024, "threads": most})
    # A thread that waits for an answer nobody will collect must not hold the measurement up.
    os._exit(0)


def _report(lanes: int) -> list[str]:
    starts = list(Tick.objects.order_by("id").values_list("started_at", flat=True))
    rows = Attempt.objects.order_by("id").values_list("lane_id", "due_at", "claimed_at", "dispatched_at")
    seen: Counter[int] = Counter()
    first, claimed_late, old_gap, socket_late = [], [], [], []
    for lane_id, due, claimed, dispatched in rows:
        assert lane_id is not None
        assert due is not None
        seen[lane_id] += 1
        late = (claimed - due).total_seconds()
        if seen[lane_id] == 1:
            first.append(late)
            continue
        claimed_late.append(late)
        if dispatched is not None:
            socket_late.append((dispatched - due).total_seconds())
        if (due - max(start for start in starts if start <= due)).total_seconds() >= 45:
            old_gap.append(late)
    return [
        f"    a lane's turn, to claimed                 {tail(claimed_late, 's', 2)}",
        f"    a lane's turn, to the socket              {tail(socket_late, 's', 2)}",
        f"    of these, due after second 45 of a minute {tail(old_gap, 's', 2)}",
        f"    all {lanes} due at once, to claimed          {tail(first, 's', 2)}",
    ]
