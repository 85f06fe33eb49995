"""Redis and Celery as processes of the benchmark's own, gone when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

PYTHON = sys.executable


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A Redis that keeps what it accepted (append-only file, synced at every write) on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="leadmaster-redis-") as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", "always"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_for_port(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


def _wait_for_port(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("redis-server did not start")


def enqueue(url: str) -> None:
    """One task per message of the outbox, from a process that knows this broker."""
    code = (
        "from tests.bench.outbox.celery_app import app, send; from tests.bench.outbox.models import Message\n"
        "with app.producer_pool.acquire(block=True) as producer:\n"
        "    for pk in Message.objects.order_by('id').values_list('id', flat=True):\n"
        "        send.apply_async((pk,), producer=producer)\n"
    )
    subprocess.run([PYTHON, "-c", code], env={**os.environ, "REDIS_URL": url}, check=True)


def start(command: list[str], **environment: str) -> subprocess.Popen[bytes]:
    """A process that leads a group of its own, so that all of it can be killed at once."""
    return subprocess.Popen(
        command, env={**os.environ, **environment}, start_new_session=True, stdout=subprocess.DEVNULL
    )


def start_celery(url: str, *, processes: int, **environment: str) -> subprocess.Popen[bytes]:
    command = [PYTHON, "-m", "celery", "--app", "tests.bench.outbox.celery_app", "worker", "--pool", "prefork"]
    command += ["--concurrency", str(processes), "--loglevel", "ERROR"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return start(command, REDIS_URL=url, C_FORCE_ROOT="1", PYTHONWARNINGS="ignore", **environment)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and everything it started, as a power cut would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def celery_worker(url: str, *, processes: int) -> Iterator[subprocess.Popen[bytes]]:
    process = start_celery(url, processes=processes)
    try:
        yield process
    finally:
        kill(process)
