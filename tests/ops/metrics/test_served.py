"""`/metrics` as a real gunicorn with several processes tells it, and as a real Prometheus reads it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a-token-that-nobody-guesses"
PROCESSES = 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(look: Callable[[], Any], *, seconds: float = 60) -> Any:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = look()
        except requests.RequestException:
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came within {seconds} s")


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a gunicorn with our own configuration over the test database."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "METRICS_TOKEN": TOKEN,
        "WEB_PORT": str(port),
        "WEB_CONCURRENCY": str(PROCESSES),
        "DJANGO_SETTINGS_MODULE": "leadmaster.settings",
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "leadmaster.wsgi"]
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: requests.get(f"{address}/readyz", timeout=10).ok)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    assert not list(tmp_path.glob("leadmaster-metrics-*")), "what the processes counted in stays behind"


def read(address: str) -> str:
    response = requests.get(f"{address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert response.status_code == 200
    return response.text


def refused(text: str) -> int:
    """How many strangers were told no."""
    found = re.search(
        r'^leadmaster_request_seconds_count\{area="api",method="GET",status="4xx"\} (\S+)$', text, re.MULTILINE
    )
    return int(float(found[1])) if found else 0


def test_whichever_process_answers_tells_of_all(web: str) -> None:
    assert requests.get(f"{web}/metrics", timeout=30).status_code == 401
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _number: requests.get(f"{web}/api/v1/nothing/", timeout=30), range(40)))
        answers = list(crowd.map(lambda _number: read(web), range(12)))

    assert {refused(answer) for answer in answers} == {40}
    assert all("leadmaster_database_up 1.0" in answer for answer in answers)


@pytest.mark.prometheus
def test_prometheus_scrapes_it_and_its_rules_find_nothing_wrong_with_a_web_server_that_answers(
    web: str, tmp_path: Path
) -> None:
    """The example's own job and rules, with other addresses and a shorter interval."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [web.removeprefix("http://")]}]
    job["authorization"] = {"credentials": TOKEN}
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ROOT / "deploy/prometheus/alerts.yml")]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    listen = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
               f"--web.listen-address={listen}", "--log.level=error"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:

        def ask(path: str, **query: str) -> Any:
            return requests.get(f"http://{listen}/api/v1/{path}", params=query, timeout=10).json()["data"]

        until(lambda: ask("query", query='leadmaster_database_up{job="leadmaster"} == 1')["result"])
        (target,) = ask("targets")["activeTargets"]
        alerts = until(lambda: _evaluated(ask("rules")["groups"]))
    finally:
        process.terminate()
        process.wait(timeout=60)

    assert (target["health"], target["lastError"]) == ("up", "")
    assert {rule["health"] for rule in alerts} == {"ok"}
    assert {rule["name"]: rule["state"] for rule in alerts}["LeadMasterDown"] == "inactive"


def _evaluated(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rules = [rule for group in groups for rule in group["rules"]]
    return rules if all(rule["health"] != "unknown" for rule in rules) else []
