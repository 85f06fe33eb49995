"""Recipients from a file into the database, in a process of its own."""

from __future__ import annotations

import os

from tests.bench.figures import say, scaled
from tests.bench.import_rows import measure


def run() -> None:
    rows = scaled("IMPORT_ROWS", 200_000)
    found = measure(rows, database_url=os.environ["DATABASE_URL"])
    say(f"  {rows:,} rows of CSV, one in twelve a duplicate, one in thirteen invalid")
    say(f"    rows/s       {found['rows_per_second']:,.0f}")
    say(f"    peak memory  {found['peak_mib']:.0f} MiB ({found['idle_mib']:.0f} before)")
