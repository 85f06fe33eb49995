"""How fast the client base comes in, and in how much memory: `python -m tests.bench.sync_clients [--rows N …]`.

Each size is read three times in processes of their own (first, again in full without changes, and with every tenth
client changed), so that each peak of memory is its own. The directory's database is the one of DATABASE_URL (which has
to be made for throwing away), or a new SQLite file with the product's own settings.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIZES = (100_000, 1_000_000)
_STATES = (("Ciudad de México", "55"), ("Jalisco", "33"), ("Nuevo León", "81"), ("Puebla", "222"), ("Oaxaca", "951"))
_AGREEMENTS = ("IMSS", "ISSSTE", "SEP", "PEMEX", None)
_TABLES = """
    CREATE TABLE clientes (id INTEGER PRIMARY KEY, nombre TEXT, apellidos TEXT, rfc TEXT, convenio TEXT, estado TEXT,
        municipio TEXT, tipo_cliente TEXT, capacidad REAL, fecha_alta TEXT, actualizado TEXT);
    CREATE TABLE datos_contacto (id INTEGER PRIMARY KEY, cliente_id INTEGER, tipo TEXT, valor TEXT, principal INTEGER);
    CREATE INDEX ix_act ON clientes(actualizado, id);
    CREATE INDEX ix_cli ON datos_contacto(cliente_id);
"""


def clients(rows: int) -> Iterator[tuple[Any, ...]]:
    """As the real ones: a few agreements and states, a dozen cities each, moments to the minute in no order."""
    for row in range(1, rows + 1):
        state, _area = _STATES[row % 5]
        minute = row * 7919 % 400_000
        day = f"2026-{1 + minute // 40_320 % 10:02}-{1 + minute // 1440 % 28:02}"
        moment = f"{day} {minute // 60 % 24:02}:{minute % 60:02}:00"
        kind = ("activo", "nuevo", "pensionado")[row % 3]
        city = f"{state} {1 + row % 12}"
        yield (
            row,
            "Paula",
            f"Vázquez {row}",
            f"XX{row:09}",
            _AGREEMENTS[row % 5],
            state,
            city,
            kind,
            row % 90_000,
            day,
            moment,
        )


def contacts(rows: int) -> Iterator[tuple[int, str, str, int]]:
    """1.7 of them each, in the four ways in which the real ones are written; one in a hundred is "sin dato"."""
    for row in range(1, rows + 1):
        area = _STATES[row % 5][1]
        local = str(20_000_000 + row * 1_234_577 % 69_999_999)[: 10 - len(area)]
        forms = (f"{area}{local}", f"+52 {area}{local}", f"521{area}{local}", f"({area}) {local}")
        yield row, "celular", "sin dato" if row % 100 == 0 else forms[row % 4], 1
        if row % 10 < 4:
            yield row, "trabajo", forms[(row + 1) % 4][:-1] + "7", 0
        if row % 10 < 3:
            yield row, "correo", f"cliente{row}@example.com", 0


def _make(path: Path, rows: int) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(_TABLES)
        database.executemany(f"INSERT INTO clientes VALUES ({', '.join('?' * 11)})", clients(rows))
        database.executemany(
            "INSERT INTO datos_contacto (cliente_id, tipo, valor, principal) VALUES (?, ?, ?, ?)", contacts(rows)
        )
    database.close()


def _change(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE clientes SET capacidad = capacidad + 1, actualizado = '2026-10-30 10:00:00' WHERE id % 10 = 0"
        )
    database.close()


def measure(rows: int, *, database_url: str = "", batch: int) -> Iterator[dict[str, Any]]:
    """Rows per second and peak memory (MiB) of each of the three runs, as they end."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "leadmaster.settings",
            # As in production: with DEBUG on, Django writes down every query.
            "DEBUG": "false",
            "SECRET_KEY": "a-measurement-signs-nothing",
            "FIELD_ENCRYPTION_KEY": "0f" * 32,
            "DATABASE_URL": database_url or f"sqlite:///{folder}/bench.sqlite3",
        }
        path = Path(folder) / "external.sqlite3"
        steps = (("--make", ""), ("--sync", "first"), ("--sync", "again"), ("--change", ""), ("--sync", "changes"))
        for step, kind in steps:
            command = [sys.executable, "-m", "tests.bench.sync_clients", step, str(path), "--rows", str(rows)]
            command += ["--batch", str(batch), "--kind", kind]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            if step == "--sync":
                yield {"kind": kind, **json.loads(done.stdout.splitlines()[-1])}


def _sync(path: Path, kind: str, batch: int) -> dict[str, float]:
    import zoneinfo

    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from leadmaster.directory.models import Client, ContactPoint, SyncState
    from leadmaster.directory.sync import open_source, synchronise
    from leadmaster.directory.sync.mapping import Mapping
    from leadmaster.directory.sync.rows import Reading

    call_command("migrate", verbosity=0)
    if kind == "first":
        _empty(ContactPoint, Client, SyncState)
    before = _memory("VmRSS")
    started, used = time.perf_counter(), time.process_time()
    with open_source(str(path), Mapping()) as source:
        reading = Reading(region="MX", tz=zoneinfo.ZoneInfo("America/Mexico_City"))
        report = synchronise(
            source, name="externo", reading=reading, now=timezone.now(), full=kind == "again", batch=batch
        )
    seconds = time.perf_counter() - started
    return {
        "read": report.read,
        "written": report.new + report.changed,
        "contacts": report.contacts,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "rows_per_second": round(report.read / seconds),
        "idle_mib": before,
        "peak_mib": _memory("VmHWM"),
    }


def _empty(*models: Any) -> None:
    """By the database alone: a deletion by rows would count as the synchronisation's memory."""
    from django.db import connection

    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def _memory(field: str) -> float:
    """Of this process, in MiB. VmHWM is the peak since its start; getrusage's would include its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--change", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sync", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        _make(options.make, options.rows[0])
    elif options.change:
        _change(options.change)
    elif options.sync:
        sys.stdout.write(json.dumps(_sync(options.sync, options.kind, options.batch)) + "\n")
    else:
        _compare(options.rows, options.batch)


def _compare(sizes: list[int], batch: int) -> None:
    peaks = []
    for rows in sizes:
        for found in measure(rows, database_url=os.environ.get("DATABASE_URL", ""), batch=batch):
            sys.stdout.write(
                f"sync {rows:>9,} clients, {found['kind']:<7}: {found['read']:>9,} read, {found['written']:>9,} written, "
                f"{found['rows_per_second']:>7,} rows/s, {found['seconds']} s ({found['cpu_seconds']} of CPU), "
                f"peak {found['peak_mib']} MiB ({found['idle_mib']} before)\n"
            )
            sys.stdout.flush()
            if found["kind"] == "first":
                peaks.append(found["peak_mib"])
    if len(peaks) > 1:
        sys.stdout.write(f"memory of the longest against the shortest: {peaks[-1] / peaks[0]:.2f}\n")


if __name__ == "__main__":
    main()
