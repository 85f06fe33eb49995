"""The simulator as a process of its own: arguments, files, signals, and many slow answers at once."""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from tests.simulator import REPOSITORY, Simulator, simulator_process
from tests.whatsapp.messages import a_message
from whatsapp.gateways.base import GatewayError

# Without the token that a developer's .env may hold.
COMMAND = [sys.executable, "manage.py", "simulate_gateway", "--port", "0", "--token", ""]


def start(*arguments: str) -> tuple[subprocess.Popen[str], Simulator]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, env={**os.environ, "DEBUG": "true"}
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, Simulator(next(word for word in line.split() if word.startswith("http://")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_a_signal_and_ends_at_once(number: signal.Signals) -> None:
    process, simulator = start("--tenants", "51, 52")
    try:
        assert simulator.gateway("51").send(a_message()).message_id
        assert simulator.gateway("52").status().ready
        simulator.add_faults({"fault": "hang"})
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(simulator.gateway("51").send, a_message())
            while not simulator.faults()[0]["struck"]:
                time.sleep(0.01)
            process.send_signal(number)
            assert process.wait(timeout=5) == 0
            assert isinstance(waiting.exception(timeout=5), GatewayError)
    finally:
        process.kill()
        process.wait()
        simulator.close()


def test_command_reads_faults_and_settings_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"settings": {"version": "7.1"}, "faults": [{"fault": "status", "status": 429}]}))
    with simulator_process("--faults", str(file), "--capabilities", "echo") as simulator:
        health = simulator.gateway().health()
        assert (health.version, sorted(health.capabilities)) == ("7.1", ["echo"])
        with pytest.raises(GatewayError) as caught:
            simulator.gateway().send(a_message())
        assert caught.value.code == "RATE_LIMITED"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--faults", "no-such-file.json"], "no-such-file.json"),
        (["--faults", "{bad}"], "is no JSON"),
        (["--faults", "{rule}"], "unknown fault 'explode'"),
        (["--speed", "0"], "--speed is 0"),
        (["--latency", "3", "1"], "latency"),
        (["--capabilities", "fly"], "unknown capability fly"),
    ],
)
def test_command_stops_with_a_sentence_on_a_wrong_argument(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "rule.json").write_text('[{"fault": "explode"}]')
    files = {"{bad}": str(tmp_path / "bad.json"), "{rule}": str(tmp_path / "rule.json")}
    command = [sys.executable, "-m", "whatsapp.simulator", "--port", "0"]
    done = subprocess.run(
        [*command, *(files.get(argument, argument) for argument in arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_ledger_is_whole_after_the_process_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    process, simulator = start("--tenants", "51", "--ledger", str(path))
    messages = [a_message() for _number in range(20)]
    ids = [simulator.gateway().send(message).message_id for message in messages]
    process.kill()
    process.wait()
    simulator.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["message_id"] for line in lines if line["event"] == "delivered"] == ids
    process, simulator = start("--tenants", "51", "--ledger", str(path))
    try:
        found = [simulator.gateway().lookup(message.client_message_id) for message in messages]
        assert [result.message_id for result in found if result] == ids
    finally:
        process.terminate()
        process.wait()
        simulator.close()


def test_five_hundred_slow_sends_at_once() -> None:
    """As many as one tick may have in flight: all at the same time, in little memory, each answered with its own id."""
    lanes = 500
    names = tuple(f"lane-{number}" for number in range(lanes))
    with simulator_process("--latency", "3", "4", tenants=names) as simulator:
        gateways = [simulator.gateway(name, send_timeout=60.0) for name in names]
        messages = [a_message(f"+54911{number:08d}") for number in range(lanes)]
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
            results = list(pool.map(lambda pair: pair[0].send(pair[1]), zip(gateways, messages, strict=True)))
        seconds = time.monotonic() - started
        stats, delivered = simulator.stats(), simulator.delivered()
        memory = simulator_memory(simulator)
    assert len({result.message_id for result in results}) == lanes
    by_phone = {line["to"]: line["message_id"] for line in delivered}
    assert [by_phone[f"{message.phone[1:]}@c.us"] for message in messages] == [result.message_id for result in results]
    # One after the other they would take half an hour.
    assert stats["most_in_flight"] > lanes / 2
    assert seconds < lanes * 3 / 20
    assert memory < 200 * 1024 * 1024


def simulator_memory(simulator: Simulator) -> int:
    """Resident bytes of the process that listens there."""
    port = int(simulator.base_url.rpartition(":")[2])
    for process in psutil.Process().children(recursive=True):
        if any(
            connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            for connection in process.net_connections()
        ):
            return int(process.memory_info().rss)
    raise AssertionError("no child of ours listens there")


def test_simulator_needs_neither_django_nor_our_settings() -> None:
    code = "import sys, whatsapp.simulator.__main__; print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True, env={}
    )
    assert done.stdout.strip() == "[]"


def test_health_needs_no_token() -> None:
    with simulator_process(token="right") as simulator:
        assert requests.get(f"{simulator.base_url}/health", timeout=5).json()["ok"] is True
