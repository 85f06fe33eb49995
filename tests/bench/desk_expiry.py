"""A hundred thousand opportunities whose time ran out: the cron, and its statements again without the ORM."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

from django.db.models import Min
from django.utils import timezone

from opportunities.models import Opportunity, Promoter
from opportunities.timers.expiry import expire_timers
from tests.bench import database, desk_stage
from tests.bench.desk_crowd import load
from tests.bench.desk_stage import DeskStage
from tests.bench.figures import say, scaled
from tests.bench.recording import recorded, replay

TEAMS, PROMOTERS = 4, 16

COPY = "bench_desk_expiry_raw"


def run() -> None:
    timers = scaled("DESK_TIMERS", 100_000)
    stage = desk_stage.open_desks(teams=TEAMS, promoters=PROMOTERS)
    desk_stage.grow_directory(to=2 * timers)
    overdue(stage, timers)
    name = urlsplit(os.environ["DATABASE_URL"]).path.strip("/")
    database.clone(name, COPY)
    database.copy_rows(name, COPY, _tables(name))
    say(f"  {timers:,} timers that ran out, {load()}")
    with recorded() as recording:
        started = time.perf_counter()
        report = expire_timers(timezone.now())
        ours = time.perf_counter() - started
    assert report.expired == timers
    statements, commits = recording.counts()
    raw = database.connect(COPY)
    started = time.perf_counter()
    replay(recording, raw)
    theirs = time.perf_counter() - started
    say(f"    expire_timers {timers / ours:8,.0f} rows/s  {statements / report.batches:.0f} statements a batch of 500")
    say(f"    raw loop      {timers / theirs:8,.0f} rows/s  {statements:,} statements, {commits:,} commits  {load()}")
    say(f"    engine / raw  {theirs / ours:.2f}")


def overdue(stage: DeskStage, count: int) -> None:
    """So many active opportunities of everybody's, overdue since an hour."""
    first = Promoter.objects.aggregate(first=Min("id"))["first"]
    team = Promoter.objects.aggregate(first=Min("desk__team"))["first"]
    owner = f"clients.id % {TEAMS * PROMOTERS}"
    desk_stage.fill_opportunities(
        f"clients.id <= {count}",
        {
            "owner_id": f"{first} + {owner}",
            "team_id": f"{team} + ({owner}) DIV {PROMOTERS}",
            "stage_id": str(stage.new.pk),
            "state": "'activa'",
            "deadline": "UTC_TIMESTAMP(6) - INTERVAL 1 HOUR",
        },
        availability="tomado",
    )
    assert Opportunity.objects.overdue(timezone.now()).count() == count


def _tables(name: str) -> list[str]:
    cursor = database.connect(name).cursor()
    cursor.execute("SHOW TABLES")
    return [table for (table,) in cursor.fetchall()]
