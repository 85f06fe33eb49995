"""The database and the uploaded files in two archives of one moment, and the way back.

A backup is whole or not there: it is written under another name, and takes its own when everything is on the disk. The
secrets are not in it (they belong elsewhere), and neither is the journal of sends, which must not come back with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import gzip
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, cast

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

_PREFIX: Final = "leadmaster-"
_MEDIA: Final = ".media.tar.gz"
_CHUNK: Final = 1 << 20
# Where Debian keeps the tools of its servers.
_PATH: Final = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"


class BackupError(Exception):
    """Nothing was made or changed, and why, in a sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backup:
    database: Path
    media: Path | None


def make(folder: Path, *, now: dt.datetime, media: bool = True) -> Backup:
    """Write one into `folder`. The server goes on working meanwhile: the dump is of one instant."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{_PREFIX}{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    database = folder / f"{stem}{_ending()}"
    with _whole(database) as partial:
        _dump(partial)
    if not media or not Path(settings.MEDIA_ROOT).is_dir():
        return Backup(database=database, media=None)
    files = folder / f"{stem}{_MEDIA}"
    with _whole(files) as partial, tarfile.open(partial, "w:gz") as archive:
        archive.add(settings.MEDIA_ROOT, arcname=".")
    return Backup(database=database, media=files)


def keep_newest(folder: Path, number: int) -> list[Path]:
    """Delete all but so many of the backups there, with their files; returns what was deleted."""
    by_moment: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{_PREFIX}*.gz")):
        by_moment.setdefault(path.name.partition(".")[0], []).append(path)
    old = [path for stem in sorted(by_moment)[:-number] for path in by_moment[stem]]
    for path in old:
        path.unlink()
    return old


def bring_back(path: Path, *, replace: bool) -> Path | None:
    """Put this backup in the place of the database, and its files into MEDIA_ROOT; returns their archive if there was one.

    Raises BackupError before anything is changed: a damaged file, another kind of database, or one that is not empty
    and may not be replaced. Who calls this says afterwards that the database came back.
    """
    _require_readable(path)
    if connection.introspection.table_names() and not replace:
        raise BackupError(_("La base no está vacía. Con --replace se reemplaza todo lo que tiene."))
    if connection.vendor == "sqlite":
        _load_sqlite(path)
    else:
        _load_server(path)
    media = path.with_name(path.name.partition(".")[0] + _MEDIA)
    if not media.is_file():
        return None
    with tarfile.open(media) as archive:
        archive.extractall(settings.MEDIA_ROOT, filter="data")
    return media


# --- Files -----------------------------------------------------------------------------------------------------------


def _ending() -> str:
    return ".sqlite3.gz" if connection.vendor == "sqlite" else ".sql.gz"


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A place to write to, which gets the name of `target` when everything is on the disk, and is nobody else's."""
    partial = target.with_name(f".{target.name}.partial")
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _require_readable(path: Path) -> None:
    if not path.is_file():
        raise BackupError(_("No existe el archivo %(path)s.") % {"path": path})
    if not path.name.endswith(_ending()):
        raise BackupError(
            _("%(name)s no es de una base como esta: hace falta un archivo que termine en %(ending)s.")
            % {"name": path.name, "ending": _ending()}
        )
    try:
        with gzip.open(path) as packed:
            while packed.read(_CHUNK):
                pass
    except (OSError, EOFError) as error:
        raise BackupError(_("El respaldo está dañado y no se usó: %(why)s") % {"why": error}) from None


# --- SQLite ----------------------------------------------------------------------------------------------------------


def _dump(partial: Path) -> None:
    if connection.vendor != "sqlite":
        _dump_server(partial)
        return
    connection.ensure_connection()
    with tempfile.TemporaryDirectory(dir=partial.parent) as home:
        copy = Path(home) / "copy.sqlite3"
        with contextlib.closing(sqlite3.connect(copy)) as target:
            connection.connection.backup(target)
        with copy.open("rb") as plain, gzip.open(partial, "wb") as packed:
            shutil.copyfileobj(plain, packed, _CHUNK)


def _load_sqlite(path: Path) -> None:
    place = Path(connection.settings_dict["NAME"])
    fresh = place.with_name(f".{place.name}.restored")
    try:
        with gzip.open(path) as packed, fresh.open("wb") as plain:
            fresh.chmod(0o600)
            shutil.copyfileobj(packed, plain, _CHUNK)
        with contextlib.closing(sqlite3.connect(fresh)) as looked_at:
            if looked_at.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise BackupError(_("El respaldo está dañado y no se usó: %(why)s") % {"why": "integrity_check"})
        connection.close()
        # The log of the file that goes would be read into the one that comes.
        for rest in ("-wal", "-shm"):
            place.with_name(place.name + rest).unlink(missing_ok=True)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)


# --- MariaDB and MySQL -----------------------------------------------------------------------------------------------


def _dump_server(partial: Path) -> None:
    # Without triggers: they bear the name of whoever made them, and `attempt_guard install` makes them anew.
    options = ["--single-transaction", "--quick", "--skip-lock-tables", "--hex-blob", "--no-tablespaces"]
    options += ["--skip-triggers", "--default-character-set=utf8mb4", _name()]
    with (
        _identity(connection.settings_dict) as who,
        gzip.open(partial, "wb") as packed,
        tempfile.TemporaryFile() as said,
    ):
        command = [_program("mariadb-dump", "mysqldump"), who, *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process:  # noqa: S603 - told by us
            shutil.copyfileobj(cast("IO[bytes]", process.stdout), packed, _CHUNK)
        _require_success(process.returncode, said)


def _load_server(path: Path) -> None:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        for table in tables:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")
        cursor.execute("SET FOREIGN_KEY_CHECKS = 1")
    connection.close()
    with _identity(connection.settings_dict) as who, gzip.open(path) as packed, tempfile.TemporaryFile() as said:
        command = [_program("mariadb", "mysql"), who, "--default-character-set=utf8mb4", _name()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:  # noqa: S603
            told = cast("IO[bytes]", process.stdin)
            # A client that stopped reading says why when it ends.
            with contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(packed, told, _CHUNK)
                told.close()
        _require_success(process.returncode, said)


def _name() -> str:
    return str(connection.settings_dict["NAME"])


@contextlib.contextmanager
def _identity(told: Mapping[str, Any]) -> Iterator[str]:
    """The option that says who asks which server: in a file, since everybody reads what a process was started with."""
    values = {
        "host": told["HOST"],
        "port": told["PORT"],
        "user": told["USER"],
        "password": told["PASSWORD"],
        "socket": told.get("OPTIONS", {}).get("unix_socket", ""),
    }
    lines = [f'{name}="{_escaped(str(value))}"' for name, value in values.items() if value]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".cnf") as file:
        file.write("\n".join(["[client]", *lines, ""]))
        file.flush()
        yield f"--defaults-extra-file={file.name}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _program(*names: str) -> str:
    found = next((place for name in names if (place := shutil.which(name, path=_PATH))), None)
    if found is None:
        raise BackupError(_("Falta el programa %(name)s en esta máquina: instala mariadb-client.") % {"name": names[0]})
    return found


def _require_success(status: int, said: Any) -> None:
    if status == 0:
        return
    said.seek(0)
    lines: Sequence[str] = said.read().decode(errors="replace").strip().splitlines()
    raise BackupError(
        _("El programa de la base no terminó bien: %(why)s") % {"why": lines[-1][:300] if lines else status}
    )
