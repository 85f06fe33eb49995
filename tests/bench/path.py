"""The whole path of a message, claim + dispatch + settle, beside a loop that executes the same SQL without us."""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from urllib.parse import urlsplit

import MySQLdb

from campaigns.engine import journal
from campaigns.engine.tick import run_tick
from campaigns.engine.timing import MAX_PER_LANE
from campaigns.enums import EnvioState
from tests.bench import database, stage
from tests.bench.figures import say, scaled, spread
from tests.bench.outbox.gateway import InProcessGateway
from tests.bench.recording import Recording, recorded, replay

FIRST_MINUTE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def send_all(messages: int) -> float:
    """Run ticks back to back until so many messages went out; seconds."""
    # The tables were put back: a journal that remembers more would rightly stop the sender.
    journal.path().unlink(missing_ok=True)
    started = time.perf_counter()
    sent = ticks = 0
    while sent < messages:
        report = run_tick(
            FIRST_MINUTE + dt.timedelta(minutes=ticks), open_gateway=InProcessGateway, rng=random.Random(1)
        )
        assert report.claimed, f"a tick found nothing to do: {report}"
        sent += report.outcomes.get(EnvioState.SENT, 0)
        ticks += 1
    return time.perf_counter() - started


def run(*lane_counts: str) -> None:
    messages, rounds = scaled("MESSAGES", 2000), scaled("ROUNDS", 3)
    for lanes in [int(count) for count in lane_counts] or [10, 50]:
        # Whole ticks, so that no tick waits for what is not there.
        whole = lanes * MAX_PER_LANE
        _compare(lanes, -(-messages // whole) * whole, rounds)


def _compare(lanes: int, messages: int, rounds: int) -> None:
    mine = urlsplit(os.environ["DATABASE_URL"]).path.strip("/")
    start, raw = f"{mine}_start", f"{mine}_raw"
    database.copy_rows(database.TEMPLATE, mine, stage.EVERYTHING)
    stage.fill(stage.open_lines(lanes), each=messages // lanes)
    database.clone(mine, start)
    database.copy_rows(mine, start, stage.EVERYTHING)
    database.clone(mine, raw)
    database.copy_rows(start, raw, stage.EVERYTHING)
    recording = _record(messages)
    statements, commits = recording.counts()
    loop = database.connect(raw)
    engine_speeds, raw_speeds = [], []
    engine_busy, raw_busy = [], []
    for _ in range(rounds):
        database.copy_rows(start, mine, stage.CHANGED)
        began = time.process_time()
        engine_speeds.append(messages / send_all(messages))
        engine_busy.append(1000 * (time.process_time() - began) / messages)
        database.copy_rows(start, raw, stage.CHANGED)
        began = time.process_time()
        raw_speeds.append(messages / _timed_replay(recording, loop))
        raw_busy.append(1000 * (time.process_time() - began) / messages)
        _same_end(mine, raw, messages)
    ratios = [ours / theirs for ours, theirs in zip(engine_speeds, raw_speeds, strict=True)]
    say(
        f"  {lanes} lanes, {messages:,} messages; {statements / messages:.1f} statements and "
        f"{commits / messages:.2f} commits a message"
    )
    say(f"    engine, messages/s             {spread(engine_speeds)}")
    say(f"    the same SQL, raw mysqlclient  {spread(raw_speeds)}")
    say(f"    engine / raw                   {spread(ratios, 2)}")
    say(f"    own CPU, ms a message: engine  {spread(engine_busy, 2)}")
    say(f"    own CPU, ms a message: raw     {spread(raw_busy, 2)}")


def _record(messages: int) -> Recording:
    with recorded() as recording:
        send_all(messages)
    return recording


def _timed_replay(recording: Recording, loop: MySQLdb.Connection) -> float:
    started = time.perf_counter()
    replay(recording, loop)
    return time.perf_counter() - started


def _same_end(mine: str, raw: str, messages: int) -> None:
    """The loop is only worth comparing when it did the same work."""
    cursor = database.connect(mine).cursor()
    for name in (mine, raw):
        cursor.execute(f"SELECT COUNT(*) FROM `{name}`.campaigns_envio WHERE state = 'enviado'")
        assert cursor.fetchone() == (messages,), f"{name} did not send everything"
