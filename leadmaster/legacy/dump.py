"""A dump becomes a database: a server of its own, on a socket in a temporary directory, that nobody else can reach.

Whoever wrote the dump is not trusted. The server reads and writes no files outside its directory, listens on no port,
and the client that feeds it refuses commands that are no SQL.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from leadmaster.legacy.errors import LegacyError

_PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"
_START_WITHIN = 60.0
_MOST_WARNINGS = 200
_CHUNK = 1 << 20
# Where a dump says in which encoding it is.
_HEAD = 8_192
DATABASE = "legacy"


@contextlib.contextmanager
def loaded(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a throwaway server with this dump, and what the server warned of. It is gone afterwards.

    Raises LegacyError: no file, no server on this machine, SQL that the server refuses.
    """
    if not path.is_file():
        raise LegacyError(_("No existe el archivo %(path)s.") % {"path": path})
    with throwaway_server() as socket:
        warnings = _load(_program("mariadb", "mysql"), socket, path)
        yield address(socket, DATABASE), warnings


def address(socket: Path, database: str) -> str:
    return f"mysql://root@/{database}?unix_socket={socket}"


@contextlib.contextmanager
def throwaway_server() -> Iterator[Path]:
    """An empty server, by its socket. Raises LegacyError where there is no program for it."""
    server = _program("mariadbd", "mysqld")
    # A socket's path has a limit of some hundred characters.
    with tempfile.TemporaryDirectory(prefix="lm-legacy-") as home, _running(server, Path(home)) as socket:
        yield socket


def _program(*names: str) -> str:
    found = next((place for name in names if (place := shutil.which(name, path=_PATH))), None)
    if found is None:
        raise LegacyError(
            _(
                "Para leer un volcado hace falta un servidor MariaDB o MySQL en esta máquina y falta %(program)s: "
                "instálalo (apt-get install mariadb-server) o indica la dirección de una base viva, "
                "mysql://usuario:clave@servidor/base."
            )
            % {"program": names[0]}
        )
    return found


@contextlib.contextmanager
def _running(server: str, home: Path) -> Iterator[Path]:
    as_root = ["--user=root"] if os.getuid() == 0 else []
    is_mariadb = b"MariaDB" in _output([server, "--no-defaults", "--version"])
    if is_mariadb:
        _output(
            [
                _program("mariadb-install-db"), "--no-defaults", *as_root, f"--datadir={home}/data", "--force",
                "--auth-root-authentication-method=normal", "--skip-test-db",
            ]
        )  # fmt: skip
    else:
        _output([server, "--no-defaults", *as_root, "--initialize-insecure", f"--datadir={home}/data"])
    files = home / "files"
    files.mkdir()
    socket = home / "s"
    told = [
        f"--datadir={home}/data", f"--tmpdir={home}", f"--socket={socket}", f"--pid-file={home}/pid",
        f"--secure-file-priv={files}", "--local-infile=0", "--skip-networking=1", "--skip-name-resolve",
        "--skip-log-bin", "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0",
        "--max-allowed-packet=1G",
        # Zero dates and words that a column does not know are rows of the old system all the same: they are told
        # about, one by one, when they are read.
        "--sql-mode=NO_ENGINE_SUBSTITUTION",
    ]  # fmt: skip
    if not is_mariadb:
        told.append("--mysqlx=OFF")
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - found on the path, told by us
            [server, "--no-defaults", *as_root, *told], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_for(process, socket, home / "server.log")
            yield socket
        finally:
            # Nothing in it is worth a clean end.
            process.kill()
            process.wait()


def _output(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - found on the path, told by us
    if done.returncode:
        raise LegacyError(
            _("El servidor para el volcado no se pudo preparar: %(why)s") % {"why": _last_words(done.stderr)}
        )
    return done.stdout


def _wait_for(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    end = time.monotonic() + _START_WITHIN
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise LegacyError(
                _("El servidor para el volcado no arrancó: %(why)s") % {"why": _last_words(log.read_bytes())}
            )
        time.sleep(0.05)


# --- Feeding it -------------------------------------------------------------------------------------------------------


def _load(client: str, socket: Path, path: Path) -> list[str]:
    home = socket.parent
    base = [client, "--no-defaults", f"--socket={socket}", "--user=root"]
    _output([*base, f"--execute=CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4"])
    plain = _unpacked(path, home)
    told = ["--batch", "--show-warnings", "--max-allowed-packet=1G", f"--default-character-set={_encoding(plain)}"]
    said = home / "client.log"
    with plain.open("rb") as sql, said.open("wb") as log:
        done = subprocess.run(  # noqa: S603 - found on the path, told by us
            [*base, *_harmless(client), *told, DATABASE], stdin=sql, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        raise LegacyError(
            _("El volcado no se pudo cargar: %(why)s") % {"why": _last_words(said.read_bytes()[-10_000:])}
        )
    with said.open(encoding="utf-8", errors="replace") as lines:
        return [line.strip()[:300] for line in itertools.islice(lines, _MOST_WARNINGS) if line.startswith("Warning")]


def _harmless(client: str) -> list[str]:
    """No shell and no files for what the dump tells the client, as far as this client can be told so."""
    options = _output([client, "--no-defaults", "--help"])
    told = []
    if b"--sandbox" in options:
        told.append("--sandbox")
    if b"--system-command" in options:
        told.append("--system-command=OFF")
    return told


def _unpacked(path: Path, home: Path) -> Path:
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return path
    plain = home / "dump.sql"
    try:
        with gzip.open(path) as packed, plain.open("wb") as target:
            shutil.copyfileobj(packed, target, _CHUNK)
    except (OSError, EOFError) as error:
        raise LegacyError(_("El volcado comprimido está dañado: %(why)s") % {"why": error}) from error
    return plain


def _encoding(path: Path) -> str:
    """A dump that says its own encoding is believed. One that does not and is no UTF-8 is a Windows of the West's."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        first = True
        while chunk := stream.read(_CHUNK):
            if first and re.search(rb"SET\s+(@@)?(NAMES|character_set_client)", chunk[:_HEAD], re.IGNORECASE):
                return "utf8mb4"
            first = False
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return "latin1"
    return "utf8mb4"


def _last_words(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "?"
