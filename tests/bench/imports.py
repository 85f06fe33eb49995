"""Recipients from a file into the database, in a process of its own, beside the bare writing of the same rows."""

from __future__ import annotations

import os
import time

from tests.bench import database
from tests.bench.figures import say, scaled
from tests.bench.import_rows import measure

BATCH = 1000


def run() -> None:
    rows = scaled("IMPORT_ROWS", 200_000)
    found = measure(rows, database_url=os.environ["DATABASE_URL"])
    raw = _write_again()
    say(f"  {rows:,} rows of CSV, one in twelve a duplicate, one in thirteen invalid")
    say(f"    rows/s       {found['rows_per_second']:,.0f}, of a whole core {found['rows_per_core_second']:,.0f}")
    say(f"    the rows it wrote, by bare INSERTs of {BATCH:,}: {raw:,.0f} rows/s")
    say(f"    peak memory  {found['peak_mib']:.0f} MiB ({found['idle_mib']:.0f} before)")


def _write_again() -> float:
    """What the import wrote, by mysqlclient alone into a table with the same keys; rows a second of the writing."""
    connection = database.connect()
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE bench_raw LIKE campaigns_envio")
    cursor.execute("SELECT * FROM campaigns_envio ORDER BY id")
    rows = cursor.fetchall()
    assert cursor.description
    statement = f"INSERT INTO bench_raw VALUES ({', '.join(['%s'] * len(cursor.description))})"
    connection.autocommit(False)
    started = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        cursor.executemany(statement, rows[at : at + BATCH])
        connection.commit()
    seconds = time.perf_counter() - started
    cursor.execute("DROP TABLE bench_raw")
    return len(rows) / seconds
