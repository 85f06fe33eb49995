"""A client base of somebody else's into the directory: first, again in full, and with every tenth client changed."""

from __future__ import annotations

import os

from tests.bench.desk_crowd import load
from tests.bench.figures import say, scaled
from tests.bench.sync_clients import measure


def run() -> None:
    rows = scaled("DESK_SYNC_ROWS", 1_000_000)
    say(f"  {rows:,} clients with 1.7 contacts each, pages of 1,000, {load()}")
    for found in measure(rows, database_url=os.environ["DATABASE_URL"], batch=1_000):
        say(
            f"    {found['kind']:<8} {found['read']:>9,} read  {found['written']:>9,} written  "
            f"{found['rows_per_second']:>7,} rows/s  {found['cpu_seconds']:>6} s of its CPU  "
            f"peak {found['peak_mib']:.0f} MiB ({found['idle_mib']:.0f} before)  {load()}"
        )
