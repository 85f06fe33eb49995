"""Looking at everything: messages with their tries, and a desk with its histories.

The past that `stage` makes has no days, no counters and no events behind it, so most of its rows are findings: what is
measured is the telling of findings as well as the looking.
"""

from __future__ import annotations

import resource
import time

from django.db import connection

from leadmaster.lib.clock import database_now
from leadmaster.ops.reconciliation import registry
from leadmaster.ops.reconciliation.run import Tally
from leadmaster.ops.reconciliation.run import run as look
from tests.bench import stage
from tests.bench.desk_crowd import load
from tests.bench.figures import say


def run() -> None:
    stage.ensure_past()
    say(f"  {_count('campaigns_envio'):,} envíos, {load()}")
    began, total, slowest = time.monotonic(), 0, []
    for check in registry.all_checks():
        rows, started = _count(check.rows().model._meta.db_table), time.monotonic()
        tally = Tally()
        found = sum(1 for _outcome in look([check], apply=False, by_id=None, now=database_now(), tally=tally))
        seconds = time.monotonic() - started
        slowest.append((seconds, check.name, rows, found, tally.failed.get(check.name, "")))
        total += rows
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for taken, name, rows, found, failed in sorted(slowest, reverse=True)[:8]:
        say(
            f"    {name:<28} {rows:>10,} rows  {taken:>7.2f} s  {rows / max(taken, 0.001):>11,.0f} rows/s  {found:,} found {failed}"
        )
    say(f"    {len(slowest)} checks, {total:,} rows looked at in {seconds:.1f} s; peak {peak:.0f} MiB, {load()}")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return int(cursor.fetchone()[0])
