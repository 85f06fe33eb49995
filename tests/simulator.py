"""The session manager's simulator for tests: in a thread, or as a process that can be killed; the same handle for both.

    with simulator_thread(tenants=("51",)) as simulator:
        simulator.add_faults({"fault": "reset", "phone": "5491100000001"})
        simulator.gateway("51").send(message)
        assert len(simulator.delivered()) == 1

or the fixtures `simulator` (one READY session "51") and `start_simulator` (a function with the same arguments).
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from whatsapp.contract.http import Observer
from whatsapp.gateways.base import GatewayConfig
from whatsapp.gateways.session_manager import SessionManagerGateway
from whatsapp.simulator.server import serving_in_thread
from whatsapp.simulator.settings import Options, Settings

REPOSITORY = Path(__file__).resolve().parent.parent


class Simulator:
    """A running simulator, moved through its control routes."""

    def __init__(self, base_url: str, *, token: str = "") -> None:
        self.base_url = base_url
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def config(self, tenant: str = "51", **changes: Any) -> GatewayConfig:
        """Configuration of a gateway for this simulator; `changes` replace fields of it."""
        config = GatewayConfig(
            kind="session_manager",
            base_url=self.base_url,
            tenant_id=tenant,
            token=self.token,
            send_timeout=10.0,
            call_timeout=5.0,
        )
        return dataclasses.replace(config, **changes)

    def gateway(self, tenant: str = "51", **changes: Any) -> SessionManagerGateway:
        return SessionManagerGateway(self.config(tenant, **changes))

    # --- Moving the world ---------------------------------------------------------------------------------------

    def add_faults(self, *rules: dict[str, Any]) -> None:
        self.control("POST", "faults", list(rules))

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def faults(self) -> list[dict[str, Any]]:
        """The rules with how many requests they saw and struck."""
        return list(self.control("GET", "faults"))

    def change_settings(self, **values: Any) -> None:
        self.control("POST", "settings", values)

    def set_tenant(self, tenant: str, *, state: str = "READY", **values: Any) -> None:
        """Create a session or move it into a state."""
        self.control("POST", "tenants", {"tenant": tenant, "state": state, **values})

    def scan(self, tenant: str, **values: str) -> None:
        """A phone reads the pairing code: perhaps one of another number (`phone`), or it types a `code`."""
        self.control("POST", "scan", {"tenant": tenant, **values})

    def advance(self, seconds: float) -> None:
        """Move the simulated clock."""
        self.control("POST", "clock", {"advance": seconds})

    def inbound(self, tenant: str, *, sender: str, text: str, lid: str = "") -> None:
        """Somebody (digits) writes to the session."""
        self.control("POST", "inbound", {"tenant": tenant, "from": sender, "text": text, "lid": lid})

    def callback(self, tenant: str, event: object, **values: Any) -> None:
        """Send this event as it is; `times`, `after` and `signature` as docs/simulator.md tells."""
        self.control("POST", "callback", {"tenant": tenant, "event": event, **values})

    # --- What happened ------------------------------------------------------------------------------------------

    def delivered(self) -> list[dict[str, Any]]:
        """Ledger lines of what WhatsApp got, oldest first."""
        return list(self.control("GET", "ledger?event=delivered"))

    def finished(self) -> list[dict[str, Any]]:
        """Ledger lines of the send requests that came to an end."""
        return list(self.control("GET", "ledger?event=finished"))

    def stats(self) -> dict[str, Any]:
        return dict(self.control("GET", "stats"))

    def wait_until_quiet(self, *, timeout: float = 30.0) -> None:
        """Until no request is in flight and no callback is pending."""
        end = time.monotonic() + timeout
        while (stats := self.stats())["in_flight"] or stats["callbacks"]["pending"]:
            if time.monotonic() > end:
                raise TimeoutError(f"the simulator is still busy: {stats}")
            time.sleep(0.02)

    def raw(self, method: str, path: str, **values: Any) -> requests.Response:
        """Any request, as `requests` takes it."""
        return self._session.request(method, self.base_url + path, timeout=30, allow_redirects=False, **values)

    def control(self, method: str, route: str, body: object = None) -> Any:
        """Call a control route. Raises AssertionError with the simulator's sentence when it refuses."""
        response = self._session.request(method, f"{self.base_url}/_control/{route}", json=body, timeout=30)
        assert response.ok, f"{response.status_code}: {response.text}"
        return response.json()


@contextlib.contextmanager
def simulator_thread(
    *,
    tenants: tuple[str, ...] = ("51",),
    settings: Settings | None = None,
    faults: object = (),
    observer: Observer | None = None,
    **options: Any,
) -> Iterator[Simulator]:
    """A simulator on a free port, in a thread of this process. `options` are fields of `Options`."""
    settings = settings or Settings()
    wanted = Options(port=0, tenants=tenants, **options)
    with contextlib.ExitStack() as stack:
        serving = serving_in_thread(wanted, settings, faults=_as_list(faults), observer=observer)
        _world, port = stack.enter_context(serving)
        yield stack.enter_context(contextlib.closing(Simulator(f"http://127.0.0.1:{port}", token=settings.token)))


@contextlib.contextmanager
def simulator_process(*arguments: str, tenants: tuple[str, ...] = ("51",), token: str = "") -> Iterator[Simulator]:
    """A simulator on a free port as a process of its own; `arguments` are those of `simulate_gateway`."""
    command = [sys.executable, "-m", "whatsapp.simulator", "--port", "0", "--tenants", ",".join(tenants)]
    command += ["--token", token, *arguments]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        base_url = next((word for word in line.split() if word.startswith("http://")), None)
        assert base_url, f"the simulator did not start: {line!r}"
        with contextlib.closing(Simulator(base_url, token=token)) as simulator:
            yield simulator
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator in a thread, with the READY session "51"."""
    with simulator_thread() as running:
        yield running


StartSimulator = Callable[..., Simulator]


@pytest.fixture
def start_simulator() -> Iterator[StartSimulator]:
    """A function that starts simulators in threads, each as `simulator_thread` would."""
    with contextlib.ExitStack() as stack:
        yield lambda **arguments: stack.enter_context(simulator_thread(**arguments))


def _as_list(faults: Any) -> list[Any]:
    return [faults] if isinstance(faults, dict) else list(faults)
