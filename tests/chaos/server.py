"""A MariaDB server of a test's own, that may be killed: it flushes at every commit, as production does."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection, connections

from tests.chaos.scene import free_port

_NAME = "killed"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


class Server:
    """`address` is where it listens: other hosts reach it where that is not the loopback's."""

    def __init__(self, home: Path, address: str = "127.0.0.1") -> None:
        self._home = home
        self.address = address
        # A socket's path has a limit of about 100 characters, and a test's folder is deep.
        self._socket = f"/tmp/{home.name}-{os.getpid()}.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def install(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._run("mariadb-install-db", "--no-defaults", *self._as_root(), f"--datadir={self._home}/data",
                  "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip

    def start(self) -> None:
        """Start, recover what was committed, and wait until it answers."""
        with (self._home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program("mariadbd"),
                    "--no-defaults",
                    *self._as_root(),
                    f"--datadir={self._home}/data",
                    f"--tmpdir={self._home}",
                    f"--socket={self._socket}",
                    f"--pid-file={self._home}/pid",
                    f"--bind-address={self.address}",
                    f"--port={self.port}",
                    "--skip-name-resolve",
                    "--skip-log-bin",
                    "--character-set-server=utf8mb4",
                    "--innodb-buffer-pool-size=64M",
                    "--innodb-flush-log-at-trx-commit=1",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while subprocess.run([*self._admin(), "ping"], capture_output=True, check=False).returncode:
            assert self._process.poll() is None, (self._home / "server.log").read_text()
            assert time.monotonic() < end, (self._home / "server.log").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, and not a byte more is written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def copy_of(self, settings: dict[str, Any]) -> None:
        """Make our database with the tables and rows of this one."""
        for sql in (
            "CREATE USER 'leadmaster'@'%' IDENTIFIED BY 'throwaway'",
            "GRANT ALL ON *.* TO 'leadmaster'@'%'",
            f"CREATE DATABASE {_NAME} CHARACTER SET utf8mb4",
        ):
            self._run(*self._client(), f"--execute={sql}")
        dump = [self._program("mariadb-dump"), "--no-defaults", "--single-transaction", f"--host={settings['HOST']}"]
        dump += [f"--port={settings['PORT']}", f"--user={settings['USER']}", f"--password={settings['PASSWORD']}"]
        with subprocess.Popen([*dump, settings["NAME"]], stdout=subprocess.PIPE) as dumping:
            subprocess.run([*self._client(), _NAME], stdin=dumping.stdout, check=True)

    def settings(self) -> dict[str, str]:
        return {
            "HOST": self.address,
            "PORT": str(self.port),
            "NAME": _NAME,
            "USER": "leadmaster",
            "PASSWORD": "throwaway",
        }

    def url(self) -> str:
        """DATABASE_URL, for processes that a test starts."""
        told = self.settings()
        return f"mysql://{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"

    def _client(self) -> list[str]:
        return [self._program("mariadb"), "--no-defaults", f"--socket={self._socket}", "--user=root"]

    def _admin(self) -> list[str]:
        return [self._program("mariadb-admin"), "--no-defaults", f"--socket={self._socket}", "--user=root"]

    def _as_root(self) -> list[str]:
        return ["--user=root"] if os.getuid() == 0 else []

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=_PATH)
        assert found, f"{name} is missing: apt-get install mariadb-server"
        return found

    def _run(self, program: str, *arguments: str) -> None:
        # A server that starts clears away what lies in its temporary folder: also another one's.
        own = {**os.environ, "TMPDIR": str(self._home)}
        subprocess.run([self._program(program), *arguments], check=True, capture_output=True, env=own)


@contextlib.contextmanager
def own_server(home: Path, address: str = "127.0.0.1") -> Iterator[Server]:
    """This process talks to a server of its own for so long, with the same tables."""
    server = Server(home, address)
    server.install()
    server.start()
    ours = connections["default"].settings_dict
    kept = {key: ours[key] for key in server.settings()}
    try:
        server.copy_of(kept)
        connection.close()
        # The dictionary is the one that the connections of new threads are made from.
        ours.update(server.settings())
        yield server
    finally:
        connection.close()
        ours.update(kept)
        server.kill()
