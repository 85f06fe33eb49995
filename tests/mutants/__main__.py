"""`make mutants`: take out one guard after the other, and show that the suite notices each.

Every mutant lives in a copy of the tree. Those that need row locks run only when DATABASE_URL names MariaDB or MySQL.
Exit status 1 when one survives, 2 when the code no longer reads as a mutant expects.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants import desk, doors, files, sender
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = (*sender.MUTANTS, *desk.MUTANTS, *doors.MUTANTS, *files.MUTANTS)


def main(words: list[str]) -> int:
    """Run the mutants whose names hold one of `words`, or all."""
    on_mariadb = os.environ.get("DATABASE_URL", "").startswith("mysql")
    chosen = [mutant for mutant in MUTANTS if not words or any(word in mutant.name for word in words)]
    runnable = [mutant for mutant in chosen if on_mariadb or not mutant.mariadb]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = _copy(Path(folder) / "tree")
        for mutant in runnable:
            try:
                killed, seconds = _try(mutant, tree)
            except ValueError as error:
                sys.stdout.write(f"STALE     {mutant.name}: {error}\n")
                return 2
            survivors += not killed
            sys.stdout.write(f"{'killed' if killed else 'SURVIVED':9} {mutant.name} ({seconds:.0f} s)\n")
            sys.stdout.flush()
    left_out = len(chosen) - len(runnable)
    sys.stdout.write(f"{len(runnable) - survivors} killed, {survivors} survived, {left_out} need MariaDB\n")
    return 1 if survivors else 0


def _copy(tree: Path) -> Path:
    ignored = shutil.ignore_patterns(".git", ".venv", "var", "build", "__pycache__", ".mypy_cache", ".hypothesis")
    shutil.copytree(ROOT, tree, ignore=ignored)
    return tree


def _try(mutant: Mutant, tree: Path) -> tuple[bool, float]:
    """Whether a test failed. An error before any test ran kills nothing: it is told as a survivor."""
    path = tree / mutant.path
    source = path.read_text(encoding="utf-8")
    path.write_text(mutant.applied(source), encoding="utf-8")
    started = time.monotonic()
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", *mutant.tests.split()]
        run = subprocess.run(command, cwd=tree, env=_environment(mutant), capture_output=True, text=True, check=False)
    finally:
        path.write_text(source, encoding="utf-8")
    return run.returncode == 1 and " failed" in run.stdout, time.monotonic() - started


def _environment(mutant: Mutant) -> dict[str, str]:
    """What needs no row locks is tried on SQLite, where all tests run: on MariaDB some are left out."""
    return {name: value for name, value in os.environ.items() if mutant.mariadb or name != "DATABASE_URL"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
