"""The contract's routes over all lines of one process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

from whatsapp.contract import wire
from whatsapp.contract.app import Coded, ContractApp
from whatsapp.contract.http import Reply
from whatsapp.contract.wire import Message, RequestRefusedError, error_reply
from whatsapp.session_manager.line import Code, PhoneLine, World
from whatsapp.session_manager.phone import Phone, PhoneError, Trouble
from whatsapp.session_manager.store import LineRow

# Lines that were open come back this many seconds apart: WhatsApp sees no storm after a restart.
APART = 0.5
CODE_PATIENCE = 8.0  # seconds until a code to type is none: whoever asks waits for ten


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    token: str = ""
    callbacks: bool = False  # somebody is told
    # cliente_ids that exist; empty: any that somebody asks to connect.
    names: frozenset[str] = frozenset()


class SessionManager(ContractApp[PhoneLine]):
    def __init__(self, options: Options, world: World) -> None:
        super().__init__()
        self._options = options
        self._world = world
        self._lines = {row.name: PhoneLine(row, world) for row in world.store.lines()}
        self._opening: asyncio.Task[None] | None = None
        self._typing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Open what was open when the last process ended. Must run inside the event loop."""
        self._world.outbox.start()
        self._opening = asyncio.create_task(self._open_again())

    async def stop(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        await asyncio.gather(*(line.end() for line in self._lines.values()))
        await self._world.outbox.stop()

    async def _open_again(self) -> None:
        for line in [line for line in self._lines.values() if line.wanted]:
            line.connect()
            await self._world.clock.sleep(APART)

    # --- The contract -----------------------------------------------------------------------------------------------

    @property
    def capabilities(self) -> frozenset[str]:
        told = {"callbacks", "echo"} if not self._options.callbacks else set()
        return frozenset(wire.CAPABILITIES) - told

    @property
    def token(self) -> str:
        return self._options.token

    def find(self, name: str) -> PhoneLine | None:
        """One that nobody connected yet is there too, closed: it is kept once it is connected."""
        if self._options.names and name not in self._options.names:
            return None
        return self._lines.get(name) or PhoneLine(LineRow(name=name), self._world)

    def code_to_scan(self, line: PhoneLine) -> Coded | None:
        return self._coded(line.code_to_scan())

    async def code_to_type(self, line: PhoneLine, phone: str) -> Coded | None:
        try:
            async with asyncio.timeout(CODE_PATIENCE):
                return self._coded(await line.code_to_type(phone.removeprefix("+")))
        except TimeoutError:
            return None
        except PhoneError as error:
            if error.trouble is not Trouble.RATE_LIMITED:
                return None
            reply = error_reply(429, "RATE_LIMITED", "WhatsApp gives no code now", headers={"Retry-After": "300"})
            raise RequestRefusedError(reply) from error

    async def connect(self, line: PhoneLine) -> None:
        self._lines.setdefault(line.name, line).connect()

    async def disconnect(self, line: PhoneLine) -> None:
        if line.name in self._lines:
            await line.disconnect()

    async def logout(self, line: PhoneLine) -> None:
        if line.name in self._lines:
            await line.logout()

    async def show_typing(self, line: PhoneLine, phone: str, seconds: float) -> None:
        open_phone = line.open_phone
        if open_phone is None:
            raise RequestRefusedError(wire.not_ready(line))
        # It answers at once: nobody waits for an indicator.
        typing = asyncio.create_task(_shown(open_phone, phone, seconds))
        self._typing.add(typing)
        typing.add_done_callback(self._typing.discard)

    async def send(self, line: PhoneLine, message: Message) -> Reply:
        return await line.sending.send(message)

    async def lookup(self, line: PhoneLine, client_message_id: str) -> Reply:
        return line.sending.lookup(client_message_id)

    def _coded(self, code: Code | None) -> Coded | None:
        return None if code is None else (code.text, self._world.clock.real_moment(code.expires))


async def _shown(phone: Phone, to: str, seconds: float) -> None:
    with contextlib.suppress(PhoneError):
        await phone.show_typing(to, seconds)
