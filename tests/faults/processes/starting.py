"""How a test starts one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[3]


def start(name: str, *arguments: object, url: str) -> subprocess.Popen[bytes]:
    """A process that runs `desk:works` or the like on the database at this address."""
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "tests.faults.processes", name, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, cwd=_REPOSITORY, stderr=subprocess.PIPE)


def run(name: str, *arguments: object, url: str) -> int:
    """Its exit status, once it has ended. What it said of itself goes where the test's own output goes."""
    process = start(name, *arguments, url=url)
    try:
        print(process.communicate(timeout=60)[1].decode())  # noqa: T201 - shown by pytest when the test fails
    finally:
        process.kill()
        process.wait()
    return process.returncode
