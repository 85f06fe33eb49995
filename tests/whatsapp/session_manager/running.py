"""The session manager over the double, in a thread of the test, with the verbs that tests of a far side use."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.whatsapp.session_manager.double import TYPED, WhatsApp
from whatsapp.contract.http import Observer
from whatsapp.gateways.base import GatewayConfig, SessionState
from whatsapp.gateways.session_manager import SessionManagerGateway
from whatsapp.session_manager.line import PhoneLine, World
from whatsapp.session_manager.manager import SessionManager
from whatsapp.session_manager.process import Configuration, serve

KEY = "0f" * 32
# Simulated seconds per second: only `advance` moves the clock, however slow the machine is.
SPEED = 0.001
T = TypeVar("T")


class Running:
    """A manager that serves."""

    def __init__(self, whatsapp: WhatsApp, token: str) -> None:
        self.whatsapp = whatsapp
        self.token = token
        self.loop: asyncio.AbstractEventLoop
        self.manager: SessionManager
        self.world: World
        self.base_url = ""
        self.said: list[str] = []
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def gateway(self, tenant: str = "51", **changes: Any) -> SessionManagerGateway:
        config = GatewayConfig(
            kind="session_manager", base_url=self.base_url, tenant_id=tenant, token=self.token,
            send_timeout=10.0, call_timeout=5.0,
        )  # fmt: skip
        return SessionManagerGateway(dataclasses.replace(config, **changes))

    def raw(self, method: str, path: str, **values: Any) -> requests.Response:
        return self._session.request(method, self.base_url + path, timeout=30, allow_redirects=False, **values)

    def line(self, name: str = "51") -> PhoneLine:
        found = self.manager.find(name)
        assert found is not None
        return found

    def outbox_busy(self) -> bool:
        """Whether a callback of any line is on its way."""
        return any(standing.task is not None for standing in self.world.outbox._lines.values())

    # --- Moving it ----------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the manager's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=120)

    def do(self, act: Callable[[], T]) -> T:
        """On the manager's loop; what follows from it has begun when it returns."""

        async def acted() -> T:
            result = act()
            await self._turns()
            return result

        return self.run(acted())

    def advance(self, seconds: float) -> None:
        """Move the clock, and let what falls due happen."""

        async def advanced() -> None:
            await self.world.clock.advance(seconds)
            await self._turns()

        self.run(advanced())

    def scan(self, tenant: str = "51", *, code: str = "", phone: str = "+5491155550000") -> None:
        assert code in ("", TYPED.replace("-", ""))
        self.do(lambda: self.whatsapp.phone(tenant).scan(phone))

    def link(self, tenant: str = "51", *, phone: str = "+5491155550000") -> None:
        """Connect and pair a line."""
        self.gateway(tenant).connect()
        self.wait_for(tenant, SessionState.AWAITING_QR)
        self.scan(tenant, phone=phone)
        self.wait_for(tenant, SessionState.READY)

    def wait_for(self, tenant: str, state: SessionState) -> None:
        self.wait(lambda: self.line(tenant).state == state.value, f"{tenant} to be {state}")

    def wait(self, what: Callable[[], object], name: str = "what the test waits for") -> None:
        """Only for what another thread is at; simulated time is moved by `advance`."""
        end = time.monotonic() + 20
        while not self.do(what):
            if time.monotonic() > end:
                raise TimeoutError(name)
            time.sleep(0.005)

    async def _turns(self) -> None:
        for _turn in range(20):
            await asyncio.sleep(0)


@contextlib.contextmanager
def running(
    home: Path,
    *,
    whatsapp: WhatsApp | None = None,
    memory: Path | None = None,
    token: str = "",
    callback_url: str = "",
    names: tuple[str, ...] = (),
    idle: float = 0.0,
    key: str = KEY,
    old_keys: tuple[str, ...] = (),
    observer: Observer | None = None,
) -> Iterator[Running]:
    """A manager on a free port. `home` holds its disk and its memory: a copy of it is what a killed process leaves."""
    handle = Running(whatsapp or WhatsApp(), token)
    configuration = Configuration(
        directory=home / "disk", runtime=memory or home / "memory", key_hex=key, old_keys=old_keys, port=0, token=token,
        callback_url=callback_url, callback_secret="s", names=frozenset(names), idle=idle,
        clock_speed=SPEED,
    )  # fmt: skip
    started = threading.Event()
    stopping: list[Callable[[], object]] = []
    failure: list[BaseException] = []

    async def main() -> None:
        stopped = asyncio.Event()
        handle.loop = asyncio.get_running_loop()
        serving = asyncio.create_task(
            serve(
                configuration,
                handle.whatsapp.make,
                ready=ready,
                stopped=stopped,
                say=handle.said.append,
                observer=observer,
            )
        )
        stopping.append(lambda: handle.loop.call_soon_threadsafe(stopped.set))
        await serving

    def ready(manager: SessionManager, world: World, port: int) -> None:
        handle.manager, handle.world = manager, world
        handle.whatsapp.clock = world.clock
        handle.base_url = f"http://127.0.0.1:{port}"
        started.set()

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - the test is told
            failure.append(error)
        finally:
            started.set()

    worker = threading.Thread(target=thread, name="session-manager")
    worker.start()
    started.wait()
    try:
        if failure:
            raise failure[0]
        yield handle
    finally:
        for stop in stopping:
            with contextlib.suppress(RuntimeError):
                stop()
        worker.join()
        handle.close()
