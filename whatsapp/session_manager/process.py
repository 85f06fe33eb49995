"""The session manager as a process: what it needs, one per directory, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import hashlib
import ipaddress
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from leadmaster.lib import systemd
from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Observer, Server, observed
from whatsapp.session_manager.line import World
from whatsapp.session_manager.manager import Options, SessionManager
from whatsapp.session_manager.outbox import Outbox
from whatsapp.session_manager.phone import PhoneMaker
from whatsapp.session_manager.store import Store
from whatsapp.session_manager.vault import Vault, private_directory

ALIVE = 30.0  # seconds between two words to systemd


class StartError(Exception):
    """It can't start; the sentence says what to do."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Configuration:
    directory: Path
    runtime: Path
    key_hex: str = dataclasses.field(repr=False)
    old_keys: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    host: str = "127.0.0.1"
    port: int = 3011
    token: str = dataclasses.field(default="", repr=False)
    callback_url: str = ""
    callback_secret: str = dataclasses.field(default="", repr=False)
    names: frozenset[str] = frozenset()
    idle: float = 0.0
    clock_speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.token and not _is_loopback(self.host):
            raise StartError(
                f"{self.host} can be reached from elsewhere: whoever reaches it sends in your name. "
                "Write SESSION_MANAGER_TOKEN, or listen on 127.0.0.1"
            )
        if self.callback_url and not self.callback_secret:
            raise StartError("callbacks are signed: write SESSION_MANAGER_WEBHOOK_SECRET, the same as on the session")


@contextlib.contextmanager
def sole_user(directory: Path) -> Iterator[None]:
    """While it is open no other process may use the directory: two on one line log each other out."""
    private_directory(directory)
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(f"another session manager works in {directory}: stop it, or name another one") from None
        yield
    finally:
        os.close(file)


async def serve(
    configuration: Configuration,
    make_phone: PhoneMaker,
    *,
    ready: Callable[[SessionManager, World, int], None],
    stopped: asyncio.Event,
    say: Callable[[str], object],
    observer: Observer | None = None,
) -> None:
    """Serve until `stopped` is set. `ready` gets the port once connections are accepted. Raises StartError, VaultError."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(sole_user(configuration.directory))
        keys = {"key_hex": configuration.key_hex, "old_keys": configuration.old_keys}
        # By the directory's own name: two managers of one user share the place in memory, and none of its files.
        whose = hashlib.sha256(os.fsencode(configuration.directory.resolve())).hexdigest()[:16]
        runtime = private_directory(configuration.runtime) / whose
        vault = Vault(configuration.directory, runtime, **keys)  # type: ignore[arg-type]
        for name in vault.reseal():
            say(f"line {name}: its credentials open with no key that is configured; it stays closed")
        store = Store(configuration.directory / "manager.sqlite3", **keys)  # type: ignore[arg-type]
        stack.callback(store.close)
        store.reseal()
        clock = Clock(speed=configuration.clock_speed)
        outbox = Outbox(store, clock, url=configuration.callback_url, secret=configuration.callback_secret)
        world = World(
            clock=clock, store=store, vault=vault, outbox=outbox, make_phone=make_phone, idle=configuration.idle
        )
        manager = SessionManager(
            Options(token=configuration.token, callbacks=bool(configuration.callback_url), names=configuration.names),
            world,
        )
        server = Server(observed(manager.handle, observer), clock=clock)
        port = await server.start(configuration.host, configuration.port)
        manager.start()
        ready(manager, world, port)
        try:
            await _until(stopped)
        finally:
            systemd.stopping()
            await manager.stop()
            await server.stop()


def serve_until_signal(
    configuration: Configuration, make_phone: PhoneMaker, *, say: Callable[[str], object], greeting: str
) -> None:
    """Serve until SIGINT or SIGTERM."""
    os.umask(0o077)

    async def main() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)

        def ready(_manager: SessionManager, _world: World, port: int) -> None:
            say(greeting % {"host": configuration.host, "port": port})
            systemd.ready()

        await serve(configuration, make_phone, ready=ready, stopped=stopped, say=say)

    asyncio.run(main())


async def _until(stopped: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALIVE):
                await stopped.wait()
                return
        systemd.alive()


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
