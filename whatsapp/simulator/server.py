"""Runs the simulated manager: as a process until a signal, or in a thread for a test."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from whatsapp.contract.http import Observer, Server, observed
from whatsapp.simulator.app import SessionManager
from whatsapp.simulator.settings import Options, Settings

Faults = object


async def serve(
    options: Options,
    settings: Settings,
    *,
    faults: Faults,
    ready: Callable[[SessionManager, int], None],
    stopped: asyncio.Event,
    observer: Observer | None = None,
) -> None:
    """Serve until `stopped` is set. `ready` gets the port once connections are accepted."""
    world = SessionManager(options, settings)
    world.faults.add(faults)
    world.start()
    server = Server(observed(world.handle, observer), drops=world.drops_connection, clock=world.clock)
    port = await server.start(options.host, options.port)
    ready(world, port)
    try:
        await stopped.wait()
    finally:
        await server.stop()
        await world.stop()


def serve_until_signal(
    options: Options, settings: Settings, *, faults: Faults, ready: Callable[[SessionManager, int], None]
) -> None:
    """Serve until SIGINT or SIGTERM."""

    async def main() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await serve(options, settings, faults=faults, ready=ready, stopped=stopped)

    asyncio.run(main())


@contextlib.contextmanager
def serving_in_thread(
    options: Options, settings: Settings, *, faults: Faults = (), observer: Observer | None = None
) -> Iterator[tuple[SessionManager, int]]:
    """Serve from a thread of its own while the context is open; yields the simulated world and its port."""
    started = threading.Event()
    found: list[tuple[SessionManager, int]] = []
    stops: list[Callable[[], object]] = []

    async def main() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stopped.set))

        def ready(world: SessionManager, port: int) -> None:
            found.append((world, port))
            started.set()

        await serve(options, settings, faults=faults, ready=ready, stopped=stopped, observer=observer)

    def run() -> None:
        try:
            asyncio.run(main())
        finally:
            started.set()  # also when it could not start: nobody must wait for ever

    thread = threading.Thread(target=run, name="session-manager-simulator")
    thread.start()
    started.wait()
    try:
        if not found:
            raise RuntimeError("the simulator did not start")
        yield found[0]
    finally:
        for stop in stops if found else ():
            stop()
        thread.join()
