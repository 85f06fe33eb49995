"""How fast recipients come in, and in how much memory: `python -m tests.bench.import_rows [--rows N …] [--xlsx]`.

Each size runs in a process of its own on an empty campaign, so that its peak memory is its own. The database is the
one of DATABASE_URL (which has to be made for throwing away), or a new SQLite file with the product's own settings.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lib.tables.spreadsheets import write_like_excel

SIZES = (100_000, 1_000_000)
_NAMES = ("María Muñoz", "Pedro Ruíz", "Óscar Álvarez", "Inés Peña", "Juan O'Higgins", "", "Ñusta Quiroga")
_FORMS = (
    "+54 9 351 {0}-{1}",
    "0351 15-{0}-{1}",
    "(0351) 15 {0}{1}",
    "549351{0}{1}@c.us",
    "351 15 {0}{1}",
    "549351{0}{1}",
)


def people(rows: int) -> Iterator[list[str]]:
    """Rows as the real files have them: one in twelve a duplicate, one in thirteen invalid, no order in the phones."""
    # Cordoba has some three million numbers that exist; the step is coprime to them, so that none repeats by itself.
    for row in range(rows):
        source = row - 7 if row % 12 == 11 else row
        subscriber = 2_000_000 + source * 1_234_577 % 4_999_999
        head, tail = divmod(subscriber, 10_000)
        phone = "4.93512E+11" if row % 13 == 12 else _FORMS[row % len(_FORMS)].format(head, f"{tail:04}")
        yield [phone, _NAMES[row % len(_NAMES)], f"Convenio {row % 5}", f"{row},50"]


def write_file(path: Path, rows: int) -> None:
    header = ["Teléfono", "Nombre", "Convenio", "Saldo"]
    if path.suffix == ".csv":
        with path.open("w", encoding="cp1252", newline="") as stream:
            writer = csv.writer(stream, delimiter=";")
            writer.writerow(header)
            writer.writerows(people(rows))
        return
    write_like_excel(path, itertools.chain([header], people(rows)))


def measure(rows: int, *, suffix: str = ".csv", database_url: str = "") -> dict[str, float]:
    """Rows per second and peak memory (MiB) of an import of `rows`, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "leadmaster.settings",
            # As in production: with DEBUG on, Django writes down every query.
            "DEBUG": "false",
            "SECRET_KEY": "a-measurement-signs-nothing",
            "FIELD_ENCRYPTION_KEY": "0f" * 32,
            "DATABASE_URL": database_url or f"sqlite:///{folder}/bench.sqlite3",
            "MEDIA_ROOT": f"{folder}/media",
        }
        path = Path(folder) / f"destinatarios{suffix}"
        write_file(path, rows)
        command = [sys.executable, "-m", "tests.bench.import_rows", "--import", str(path)]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _import(path: Path) -> dict[str, float]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from campaigns.audience import import_file
    from tests.factories.campaigns import CampaignFactory

    call_command("migrate", verbosity=0)
    mark = f"bench-{os.getpid()}"  # the database may have seen another size before
    campaign = CampaignFactory.create(
        template="Hola {nombre}, tu saldo con {convenio} es de $ {saldo}.",
        owner__username=mark,
        team__name=mark,
        session__tenant_id=mark,
    )
    before = _memory("VmRSS")
    started, busy = time.perf_counter(), time.process_time()
    report = import_file(campaign, path, now=timezone.now())
    seconds = time.perf_counter() - started
    # On a machine that does other work too, this is what the import itself took of a core.
    core = time.process_time() - busy
    return {
        "rows": report.rows,
        "accepted": report.accepted,
        "seconds": round(seconds, 1),
        "rows_per_second": round(report.rows / seconds),
        "rows_per_core_second": round(report.rows / core),
        "idle_mib": before,
        "peak_mib": _memory("VmHWM"),
    }


def _memory(field: str) -> float:
    """Of this process, in MiB. VmHWM is the peak since its start; getrusage's would include its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--xlsx", action="store_true", help="a workbook instead of a CSV")
    parser.add_argument("--import", type=Path, dest="source", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.source:
        sys.stdout.write(json.dumps(_import(options.source)) + "\n")
        return
    results = []
    for rows in options.rows:
        url = os.environ.get("DATABASE_URL", "")
        results.append(measure(rows, suffix=".xlsx" if options.xlsx else ".csv", database_url=url))
        found = results[-1]
        sys.stdout.write(
            f"import {rows:>9,} rows: {found['rows_per_second']:>7,.0f} rows/s in {found['seconds']} s "
            f"({found['rows_per_core_second']:,.0f} per second of a core), "
            f"peak {found['peak_mib']} MiB ({found['idle_mib']} before), {found['accepted']:,.0f} accepted\n"
        )
    if len(results) > 1:
        ratio = results[-1]["peak_mib"] / results[0]["peak_mib"]
        sys.stdout.write(f"memory of the longest against the shortest: {ratio:.2f}\n")


if __name__ == "__main__":
    main()
