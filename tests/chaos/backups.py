"""Backups of the test's database, taken while everything runs, and put back as an operator would: from a dump."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from django.db import connection

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


class Backups:
    """The newest few in `folder`, the oldest first."""

    KEPT = 3

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._number = 0
        self.files: list[Path] = []

    def take(self) -> None:
        """All tables as of one moment. Whoever writes meanwhile is not waited for."""
        self._number += 1
        file = self._folder / f"{self._number}.sql"
        options = ["--single-transaction", "--skip-lock-tables", f"--result-file={file}"]
        subprocess.run([*_program("mariadb-dump"), *options, _name()], check=True, timeout=300)
        self.files.append(file)
        while len(self.files) > self.KEPT:
            self.files.pop(0).unlink()

    def put_back(self, file: Path) -> None:
        """Everything since is forgotten. Nobody may be at work: what they hold would be waited for."""
        connection.close()
        with file.open("rb") as dump:
            subprocess.run([*_program("mariadb"), _name()], stdin=dump, check=True, timeout=300)


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _program(name: str) -> list[str]:
    found = shutil.which(name, path=_PATH)
    assert found, f"{name} is missing: apt-get install mariadb-server"
    told = connection.settings_dict
    where = [f"--host={told['HOST']}", f"--port={told['PORT']}", f"--user={told['USER']}"]
    return [found, "--no-defaults", *where, *([f"--password={told['PASSWORD']}"] if told["PASSWORD"] else [])]
