"""A phone as a process of its own, one per connection, that speaks JSON lines over its standard input and output.

The library behind it leaves a file handle open with every connection that it makes, can hang in code that no signal
reaches, and prints. A process ends all of that with it, and one line's trouble is no other's. It is given no secret of
ours: no key, no token, no database.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from whatsapp.session_manager.phone import (
    Acknowledged,
    Connected,
    End,
    Event,
    Gone,
    Paired,
    PhoneError,
    QrShown,
    Received,
    Trouble,
)

PROGRAM = (sys.executable, "-m", "whatsapp.session_manager.neonize_program")
MAX_LINE = 4 * 1024 * 1024
# Seconds until an answer is not waited for any more: longer than a line waits for a message, which settles it late then.
PATIENCE = 180.0
# Seconds that each way to end it is given.
ASKED, TERMINATED = 5.0, 2.0
# What a program needs to run and to reach the network.
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LD_LIBRARY_PATH",
)
_REPOSITORY = Path(__file__).resolve().parents[2]

log = logging.getLogger(__name__)


class ChildPhone:
    """See `phone.Phone`. `proxy` may hold a password, so it goes over the pipe and never among the arguments."""

    def __init__(
        self,
        credentials: Path,
        hear: Callable[[Event], None],
        *,
        proxy: str = "",
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._hello = {"credentials": str(credentials), "proxy": proxy}
        self._hear = hear
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._closing = False

    async def open(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            cwd=_REPOSITORY,
            limit=MAX_LINE,
            start_new_session=True,  # a Ctrl-C is the manager's to hear
        )
        self._write(self._hello)
        self._reading = asyncio.create_task(self._read(self._process))

    async def send(self, to: str, text: str) -> str:
        return str(await self._ask("send", to=to, text=text))

    async def show_typing(self, to: str, seconds: float) -> None:
        await self._ask("typing", to=to, seconds=seconds)

    async def pair_by_code(self, phone: str) -> str:
        return str(await self._ask("pair", phone=phone))

    async def log_out(self) -> None:
        await self._ask("logout")

    async def close(self) -> None:
        self._closing = True
        process = self._process
        if process is None:
            return
        self._write({"do": "close"})
        for patience, end in ((ASKED, process.terminate), (TERMINATED, process.kill)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)
                break
            with contextlib.suppress(ProcessLookupError):
                end()
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    # --- The pipe ---------------------------------------------------------------------------------------------------

    async def _ask(self, verb: str, **values: object) -> Any:
        """What it answers. Raises PhoneError: UNKNOWN when it died with the question."""
        if self._process is None or self._process.returncode is not None or self._closing:
            raise PhoneError(Trouble.NOT_CONNECTED, "the phone's process is not there")
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._write({"n": number, "do": verb, **values})
            async with asyncio.timeout(PATIENCE):
                return await answer
        except TimeoutError:
            raise PhoneError(Trouble.UNKNOWN, f"no answer to {verb} in {PATIENCE:.0f} s") from None
        finally:
            self._asked.pop(number, None)

    def _write(self, value: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(value).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            while line := await process.stdout.readline():
                self._take(line)
        except ValueError:
            log.exception("the phone's process told more than a line can hold")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        code = await process.wait()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(PhoneError(Trouble.UNKNOWN, f"the phone's process ended with {code} meanwhile"))
        if not self._closing:
            self._hear(Gone(end=End.NETWORK, detail=f"the phone's process ended with {code}"))

    def _take(self, line: bytes) -> None:
        """An answer, or an event. What is neither is the library's own talk."""
        try:
            told = json.loads(line)
            if "n" in told:
                self._answered(told)
            elif not self._closing:
                self._hear(read_event(told))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("the phone's process said something that is not understood (%d bytes)", len(line))

    def _answered(self, told: dict[str, Any]) -> None:
        answer = self._asked.get(told["n"])
        if answer is None or answer.done():
            return
        if "trouble" in told:
            answer.set_exception(
                PhoneError(Trouble(told["trouble"]), str(told["detail"]), whatsapp_code=told.get("code"))
            )
        else:
            answer.set_result(told.get("ok", ""))


def read_event(told: dict[str, Any]) -> Event:
    """An event from its JSON form. Raises KeyError or ValueError."""
    match told["event"]:
        case "qr":
            return QrShown(code=told["code"])
        case "paired":
            return Paired(phone=told["phone"])
        case "connected":
            return Connected(phone=told["phone"])
        case "gone":
            return Gone(end=End(told["end"]), detail=told["detail"])
        case "ack":
            return Acknowledged(message_ids=tuple(told["ids"]), ack=told["ack"], at=_moment(told["at"]))
        case "received":
            return Received(
                message_id=told["id"],
                sender=told["sender"],
                sender_phone=told["sender_phone"],
                kind=told["kind"],
                text=told["text"],
                at=_moment(told["at"]),
            )
    raise ValueError("no such event")


def _moment(seconds: float) -> dt.datetime:
    """Never in the future: a phone's clock may be wrong."""
    return min(dt.datetime.fromtimestamp(seconds, dt.UTC), dt.datetime.now(dt.UTC))
