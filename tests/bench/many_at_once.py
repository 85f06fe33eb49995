"""The pages that people open again and again, sixteen at once over three workers of eight threads: requests a second.

Who asks keeps nothing between two requests: each page is drawn anew, as it is for a browser that comes back.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from leadmaster.accounts.models import User
from tests.bench.figures import percentile, say, scaled
from tests.factories.accounts import token_of

CONNECTIONS: Final = 16
_BACKEND: Final = "leadmaster.accounts.backends.PersonBackend"
# What people use, not what tests do: with its caches and its templates read once.
_PRODUCT: Final = {"DJANGO_SETTINGS_MODULE": "leadmaster.settings", "ALLOWED_HOSTS": "127.0.0.1", "DEBUG": "false"}


def run() -> None:
    with contextlib.redirect_stdout(open(os.devnull, "w")):  # noqa: PTH123 - closed with the process
        call_command("demo")
    seconds = scaled("SECONDS", 10)
    boss, promoter = User.objects.get(username="laura"), User.objects.get(username="diego")
    token = {"Authorization": f"Token {token_of(promoter)}"}
    pages: dict[str, tuple[str, Mapping[str, str]]] = {
        "admin home": ("/admin/", _cookie(boss)),
        "its moving part": ("/admin/moving/", _cookie(boss)),
        "campaigns": ("/admin/campaigns/campaign/", _cookie(boss)),
        "inbox": ("/admin/opportunities/opportunity/inbox/", _cookie(boss)),
        "promoter's home": ("/", _cookie(promoter)),
        "promoter's list": ("/oportunidades/", _cookie(promoter)),
        "API list": ("/api/v1/opportunities/", token),
    }
    wrk = shutil.which("wrk")
    say(f"  {CONNECTIONS} connections, {seconds} s each, by {'wrk' if wrk else 'threads of our own'}; the demo")
    with _server() as port:
        for name, (path, headers) in pages.items():
            _answers(port, path, headers)
            rate, median = (
                _by_wrk(wrk, port, path, headers, seconds) if wrk else _by_threads(port, path, headers, seconds)
            )
            say(f"    {name:<18} {rate:7.1f} requests/s   p50 {median * 1000:6.0f} ms")


def _cookie(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user, backend=_BACKEND)
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"}


@contextlib.contextmanager
def _server() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "3", "--threads", "8"]
    command += ["--worker-class", "gthread", "--log-level", "error", "leadmaster.wsgi"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **_PRODUCT})
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


def _answers(port: int, path: str, headers: Mapping[str, str]) -> None:
    """What is measured is the page, not its refusal. Each worker has read its templates once."""
    for _ in range(3 * CONNECTIONS):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        line.request("GET", path, headers=dict(headers))
        status = line.getresponse().status
        line.close()
        assert status == 200, f"{path}: {status}"


def _by_wrk(wrk: str, port: int, path: str, headers: Mapping[str, str], seconds: int) -> tuple[float, float]:
    command = [wrk, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency", "--timeout", "30s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    told = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told.stdout)
    half = re.search(r"50%\s+([\d.]+)(us|ms|s)", told.stdout)
    assert rate, told.stdout
    assert half, told.stdout
    return float(rate[1]), float(half[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[half[2]]


def _by_threads(port: int, path: str, headers: Mapping[str, str], seconds: int) -> tuple[float, float]:
    took: list[float] = []
    end = time.monotonic() + seconds

    def ask() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (started := time.monotonic()) < end:
            line.request("GET", path, headers=dict(headers))
            line.getresponse().read()
            took.append(time.monotonic() - started)
        line.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(took) / (time.monotonic() - began), percentile(took, 50)
