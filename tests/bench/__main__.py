"""`python -m tests.bench [PART…]` with DATABASE_URL naming a MariaDB whose databases may be made and dropped."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from tests.bench import database
from tests.bench.figures import say

PARTS = {
    "path": "The whole path of a message (claim, dispatch, settle) beside the same SQL in a raw mysqlclient loop",
    "peers": "The same number of messages through the engine, Celery with Redis, and django-post_office",
    "kills": "SIGKILL at random and again: what arrived twice, what was lost, what was claimed and never went out",
    "idle": "A tick with nothing due, a million messages sent before",
    "claims": "Claiming ten lanes, a million messages sent before",
    "lateness": "One, two, three and five hundred lines at 20-40 s a message over real HTTP: how late messages leave",
    "scale_out": "The same lines under one, two and three clusters on hosts of their own: messages a second, and how late",
    "imports": "Recipients from a file",
    "reconcile": "Everything looked at by `reconcile`, a million messages sent before: rows a second and memory",
    "screens": "The sender's pages, a million messages in the past and a million in one campaign",
    "desk_request": "Twenty clients of 0.5, 1 and 5 million, sixteen at once, beside raw SQL and the predecessor's way",
    "desk_options": "A promoter's filter options among five million clients",
    "desk_expiry": "A hundred thousand timers that ran out, beside the same SQL in a raw mysqlclient loop",
    "desk_sync": "A million clients from somebody else's base",
    "many_at_once": "The demo's pages, sixteen people at once over three workers of eight threads",
    "desk_lists": "Inbox, pool and opportunities in the admin, a million of them",
}
# Parts that need the million use one database, because making it takes a while.
SHARED = {
    "idle": "million",
    "claims": "million",
    "reconcile": "million",
    "desk_request": "desk",
    "desk_options": "desk",
}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := sorted(set(wanted) - set(PARTS)):
        say(f"There is no part {', '.join(unknown)}. The parts: {', '.join(PARTS)}.")
        return 2
    if not os.environ.get("DATABASE_URL", "").startswith("mysql"):
        say("DATABASE_URL has to name a MariaDB made for throwing away: use `make bench`.")
        return 2
    say(f"{os.cpu_count()} cores; MariaDB {_server()}. Where three numbers stand: min / median / max of the rounds.")
    _migrate()
    failed = [part for part in wanted if not _run(part)]
    if failed:
        say(f"\nThese parts broke: {', '.join(failed)}")
    return 1 if failed else 0


def _server() -> str:
    cursor = database.connect().cursor()
    cursor.execute("SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@innodb_buffer_pool_size DIV 1048576")
    version, flush, pool = cursor.fetchone()
    return f"{version}, innodb_flush_log_at_trx_commit={flush}, buffer pool {pool} MiB"


def _migrate() -> None:
    cursor = database.connect().cursor()
    cursor.execute(f"DROP DATABASE IF EXISTS `{database.TEMPLATE}`")
    cursor.execute(f"CREATE DATABASE `{database.TEMPLATE}` CHARACTER SET utf8mb4")
    command = [sys.executable, "-m", "django", "migrate", "--skip-checks", "--run-syncdb", "--verbosity", "0"]
    environment = {"DATABASE_URL": database.url_of(database.TEMPLATE), "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    subprocess.run(command, env={**os.environ, **environment}, check=True)


def _run(part: str) -> bool:
    """Each part has a process, a database and a journal of its own."""
    say(f"\n{part}: {PARTS[part]}")
    name = f"bench_{SHARED.get(part, part)}"
    if part not in SHARED or not database.exists(name):
        database.clone(database.TEMPLATE, name)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leadmaster-bench-") as folder:
        environment = {**os.environ, "DATABASE_URL": database.url_of(name), "SENDER_JOURNAL_DIR": folder}
        done = subprocess.run([sys.executable, "-m", "tests.bench.part", part], env=environment, check=False)
    say(f"  ({time.monotonic() - started:.0f} s)")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
