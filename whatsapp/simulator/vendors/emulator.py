"""One vendor's server: a send from the request to the ledger and to its callbacks, with the fault that was asked for.

`/_control/faults` (POST a list, DELETE) takes the faults of `simulator.faults`; a `status` fault answers in the vendor's
own error shape, with the vendor's own `code`. `/_control/lines` (POST `{line, state}`) moves a line, `/_control/ledger`
tells what was delivered.
"""

from __future__ import annotations

import abc
import asyncio
import concurrent.futures
import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Reply, Request, Server, json_reply
from whatsapp.contract.wire import RequestRefusedError
from whatsapp.simulator.faults import Ack, Fault, Faults, Kind
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.spoiling import answer_with_fault

# Before anybody asks for others: what a message that arrives and is read calls back.
ACKS = (Ack(ack="server"), Ack(ack="delivered"), Ack(ack="read"))
_TIMEOUT = 10.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sent:
    """A message that was asked for, in the words that all vendors share."""

    line: str
    phone: str  # digits
    text: str
    client_message_id: str | None
    message_id: str = ""


@dataclasses.dataclass(kw_only=True)
class Options:
    """What is agreed with whoever uses this server."""

    token: str = "clave"  # noqa: S105 - of a server that runs in a test
    secret: str = "secreto"  # noqa: S105
    lines: Mapping[str, str] = dataclasses.field(default_factory=dict)  # name → state, in the vendor's own words
    callback_url: str = ""  # {line} stands for the line's name
    acks: Sequence[Ack] = ACKS


class Emulator(abc.ABC):
    """Subclasses speak one vendor's words: what is read, what is answered, and how it calls back."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self.faults = Faults(seed=1)
        self.ledger = Ledger()
        self.lines: dict[str, str] = dict(options.lines)
        # Every request and its answer, for whoever holds them against the vendor's description.
        self.seen: list[tuple[Request, Reply]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="vendor-callback")

    # --- What each vendor says differently ------------------------------------------------------------------------

    @abc.abstractmethod
    def read_send(self, request: Request) -> Sent | None:
        """The message of a request, or None when it is about something else. Raises RequestRefusedError."""

    @abc.abstractmethod
    def new_id(self, sent: Sent) -> str:
        """The vendor's id of a message that it took."""

    @abc.abstractmethod
    def accepted(self, sent: Sent) -> Reply:
        """The answer to a message that it took."""

    @abc.abstractmethod
    def refused(self, status: int, code: str) -> Reply:
        """An error in the vendor's own shape."""

    @abc.abstractmethod
    def answer(self, request: Request) -> Reply:
        """Of a request that sends nothing. Raises RequestRefusedError."""

    @abc.abstractmethod
    def told(self, ack: Ack, sent: Sent) -> Any:
        """The body of a callback about a message."""

    @abc.abstractmethod
    def signed(self, body: bytes) -> dict[str, str]:
        """The headers that authenticate a callback."""

    # --- One request ----------------------------------------------------------------------------------------------

    async def handle(self, request: Request) -> Reply:
        if request.path.startswith("/_control/"):
            return self._control(request)
        reply = await self._answered(request)
        self.seen.append((request, reply))
        return reply

    async def _answered(self, request: Request) -> Reply:
        try:
            sent = self.read_send(request)
            return self.answer(request) if sent is None else await self._send(sent)
        except RequestRefusedError as problem:
            return problem.reply

    async def _send(self, sent: Sent) -> Reply:
        started = time.monotonic()
        fault = self.faults.pick(route="send", tenant=sent.line, phone=sent.phone)
        if fault is not None and not fault.delivered:
            return await self._faulty(fault, self.refused(500, ""))
        sent = dataclasses.replace(sent, message_id=self.new_id(sent))
        self.ledger.delivered(
            tenant=sent.line,
            to=sent.phone,
            client_message_id=sent.client_message_id,
            message_id=sent.message_id,
            text=sent.text,
            started=started,
            delivered=time.monotonic(),
        )
        acks = fault.acks if fault is not None and fault.kind is Kind.CALLBACKS else self.options.acks
        tasks = [self.call_back(sent.line, self.told(ack, sent), ack.after) for ack in acks for _ in range(ack.times)]
        if fault is not None and fault.before_response:
            await asyncio.gather(*tasks)
        return await self._faulty(fault, self.accepted(sent)) if fault is not None else self.accepted(sent)

    async def _faulty(self, fault: Fault, reply: Reply) -> Reply:
        if fault.kind is Kind.STATUS and fault.body is None:
            await self.clock.sleep(fault.seconds)
            return dataclasses.replace(self.refused(fault.status, fault.code or ""), headers=fault.headers)
        if fault.kind is Kind.SLOW:
            await self.clock.sleep(self.faults.uniform(fault.min, fault.max))
        return await answer_with_fault(fault, reply, clock=self.clock)

    # --- Callbacks ------------------------------------------------------------------------------------------------

    def call_back(self, line: str, event: Any, after: float = 0.0) -> asyncio.Task[None]:
        task = asyncio.create_task(self._call_back(line, json.dumps(event).encode(), after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _call_back(self, line: str, body: bytes, after: float) -> None:
        await self.clock.sleep(after)
        if self.options.callback_url:
            url = self.options.callback_url.replace("{line}", line)
            await asyncio.get_running_loop().run_in_executor(self._pool, self._post, url, body)

    def _post(self, url: str, body: bytes) -> None:
        headers = {"Content-Type": "application/json", **self.signed(body)}
        with contextlib.suppress(requests.RequestException):
            requests.post(url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- Control --------------------------------------------------------------------------------------------------

    def _control(self, request: Request) -> Reply:
        match (request.method, request.path.removeprefix("/_control/")):
            case ("POST", "faults"):
                self.faults.add(json.loads(request.body))
            case ("DELETE", "faults"):
                self.faults.replace([])
            case ("POST", "lines"):
                moved = request.json() or {}
                self.lines[moved["line"]] = moved["state"]
            case ("GET", "ledger"):
                return json_reply(list(self.ledger.entries()))
            case _:
                return json_reply({"error": "no such control route"}, status=404)
        return json_reply({"ok": True})


@contextlib.contextmanager
def serving(emulator: Emulator) -> Iterator[str]:
    """Serve from a thread of its own while the context is open; yields the address."""
    started = threading.Event()
    found: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stopped = asyncio.Event()
        server = Server(emulator.handle, drops=lambda: False, clock=emulator.clock)
        found.append((await server.start("127.0.0.1", 0), asyncio.get_running_loop(), stopped))
        started.set()
        await stopped.wait()
        await server.stop()
        await emulator.stop()

    def run() -> None:
        try:
            asyncio.run(main())
        finally:
            started.set()  # also when it could not start: nobody must wait for ever

    thread = threading.Thread(target=run, name="vendor-emulator")
    thread.start()
    started.wait()
    if not found:
        raise RuntimeError("the emulator did not start")
    port, loop, stopped = found[0]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
