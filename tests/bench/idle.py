"""The cluster's task of a minute with nothing to do: how many questions it asks and how long it takes.

Beside it, in turns, what no program can do without: as many statements that ask for nothing through bare mysqlclient,
the same number of them commits of one row.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid

import MySQLdb
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine import journal
from campaigns.engine.tick import run_tick
from campaigns.enums import AttemptOutcome, CampaignState
from campaigns.models import Attempt, Campaign, Envio, Schedule, ScheduleDay, SessionDay
from leadmaster.lib.clock import DatabaseClock
from tests.bench import database, stage
from tests.bench.figures import say, scaled, tail
from tests.bench.outbox.gateway import InProcessGateway
from whatsapp import sessions

FIRST_MINUTE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
JOURNAL_LINES = 200


def run() -> None:
    messages, ticks = stage.ensure_past(), scaled("IDLE_TICKS", 500)
    Campaign.objects.running().update(state=CampaignState.FINISHED)  # of another part
    _remember_dispatches()
    minutes = iter(FIRST_MINUTE + dt.timedelta(minutes=n) for n in range(ticks + 2))
    _tick(next(minutes))  # the first makes the heartbeat's row
    with CaptureQueriesContext(connection) as captured:
        _tick(next(minutes))
    asked = [query["sql"] for query in captured.captured_queries]
    writes = sum(not sql.startswith("SELECT") for sql in asked)
    raw = database.connect()
    raw.cursor().execute("CREATE TABLE IF NOT EXISTS bench_empty (n INT)")
    raw.cursor().execute("INSERT INTO bench_empty VALUES (0)")
    ours, empty, busy = [], [], []
    for minute in minutes:
        started, began = time.perf_counter(), time.process_time()
        _tick(minute)
        done = time.perf_counter()
        busy.append(1000 * (time.process_time() - began))
        _ask_for_nothing(raw, len(asked) - writes, writes)
        ours.append(1000 * (done - started))
        empty.append(1000 * (time.perf_counter() - done))
    say(f"  {messages:,} messages of 50 finished campaigns, a journal; {ticks} ticks")
    say(f"    {len(asked)} queries a tick, {writes} of them commits:")
    for sql in asked:
        say(f"      {sql[:110]}")
    say(f"    a tick                       {tail(ours, 'ms')}")
    say(f"    own CPU of a tick            {tail(busy, 'ms')}")
    say(f"    as many empty round trips    {tail(empty, 'ms')}")


def _tick(minute: dt.datetime) -> None:
    """As `campaigns.tasks.tick`, of a minute of our choice."""
    clock = DatabaseClock()
    sessions.greet(clock.now())
    report = run_tick(minute, clock=clock, open_gateway=InProcessGateway)
    assert report.ran
    assert not report.claimed


def _ask_for_nothing(raw: MySQLdb.Connection, reads: int, writes: int) -> None:
    cursor = raw.cursor()
    for _ in range(reads):
        cursor.execute("SELECT 1")
        cursor.fetchall()
    for _ in range(writes):
        cursor.execute("UPDATE bench_empty SET n = n + 1")


def _remember_dispatches() -> None:
    """A journal whose dispatches the database knows, as it is on all days but the first."""
    now = DatabaseClock().now()
    envios = list(Envio.objects.order_by("id")[:JOURNAL_LINES])
    session_day, _ = SessionDay.objects.get_or_create(session_id=envios[0].session_id, day=now.date())
    schedule = Schedule.objects.earliest("id")
    schedule_day, _ = ScheduleDay.objects.get_or_create(schedule=schedule, day=now.date())
    for envio in envios:
        token = uuid.uuid4()
        Attempt.objects.create(
            envio=envio,
            token=token,
            session_day=session_day,
            schedule_day=schedule_day,
            worker="bench",
            claimed_at=now,
            dispatched_at=now,
            finished_at=now,
            outcome=AttemptOutcome.SENT,
        )
        journal.write(token, envio.client_message_id, now)
