"""A phone without WhatsApp, and the world that it dials into: what is delivered, who is offline, what goes wrong next."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path

from whatsapp.contract.clock import Clock
from whatsapp.contract.wire import CODE_LIVES
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

TYPED = "ABCD-1234"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Delivered:
    line: str
    to: str
    text: str
    message_id: str


class WhatsApp:
    """The far side of all phones of a test. Its methods run on the manager's loop."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.offline = False
        self.delivered: list[Delivered] = []
        self.typing: list[tuple[str, float]] = []
        self.phones: list[DoublePhone] = []
        self.dials = 0
        self.closed = 0
        self.logged_out = 0
        # What the next sends meet, first one first: a PhoneError before the message left, or a coroutine afterwards.
        self.before: list[PhoneError] = []
        self.after: list[Callable[[], object]] = []
        self.hold: asyncio.Event | None = None  # sends wait here, delivered already
        self._ids = itertools.count(1)

    def make(self, credentials: Path, hear: Callable[[Event], None]) -> DoublePhone:
        phone = DoublePhone(self, credentials, hear)
        self.phones = [each for each in self.phones if not each.is_closed] + [phone]
        return phone

    def phone(self, line: str = "51") -> DoublePhone:
        """The one that this line has open."""
        return next(phone for phone in reversed(self.phones) if phone.line == line and not phone.is_closed)

    def next_id(self) -> str:
        return f"3EB0{next(self._ids):018X}"


class DoublePhone:
    def __init__(self, world: WhatsApp, credentials: Path, hear: Callable[[Event], None]) -> None:
        self._world = world
        self._credentials = credentials
        self._hear = hear
        self._showing: asyncio.Task[None] | None = None
        self.line = credentials.stem
        self.is_closed = False

    # --- What the manager asks ----------------------------------------------------------------------------------------

    async def open(self) -> None:
        self._world.dials += 1
        if self._world.offline:
            self._hear(Gone(end=End.NETWORK, detail="no such host"))
        elif linked := self._linked():
            self._hear(Connected(phone=linked))
        else:
            self._showing = asyncio.create_task(self._show_codes())

    async def send(self, to: str, text: str) -> str:
        if self._world.before:
            raise self._world.before.pop(0)
        message_id = self._world.next_id()
        self._world.delivered.append(Delivered(line=self.line, to=to, text=text, message_id=message_id))
        if self._world.hold is not None:
            await self._world.hold.wait()
        if self._world.after:
            self._world.after.pop(0)()
        return message_id

    async def show_typing(self, to: str, seconds: float) -> None:
        self._world.typing.append((to, seconds))

    async def pair_by_code(self, phone: str) -> str:
        if phone.endswith("0000"):
            raise PhoneError(Trouble.RATE_LIMITED, "rate-overlimit")
        return TYPED

    async def log_out(self) -> None:
        self._world.logged_out += 1

    async def close(self) -> None:
        self.is_closed = True
        self._world.closed += 1
        if self._showing is not None:
            self._showing.cancel()

    # --- What happens to it -------------------------------------------------------------------------------------------

    def scan(self, phone: str = "+5491155550000") -> None:
        """Somebody's phone reads the code: it is linked, and the connection opens."""
        if self._showing is not None:
            self._showing.cancel()
        with contextlib.closing(sqlite3.connect(self._credentials)) as database, database:
            self._credentials.chmod(0o600)
            database.execute("CREATE TABLE device (phone TEXT)")
            database.execute("INSERT INTO device VALUES (?)", (phone,))
        self._hear(Paired(phone=phone))
        self._hear(Connected(phone=phone))

    def fall(self, end: End = End.NETWORK) -> None:
        self._hear(Gone(end=end, detail="as the test wants"))

    def receive(self, text: str, *, sender: str, phone: str = "", kind: str = "text", message_id: str = "") -> None:
        self._hear(
            Received(
                message_id=message_id or self._world.next_id(),
                sender=sender,
                sender_phone=phone,
                kind=kind,
                text=text,
                at=dt.datetime.now(dt.UTC),
            )
        )

    def acknowledge(self, message_id: str, ack: str) -> None:
        self._hear(Acknowledged(message_ids=(message_id,), ack=ack, at=dt.datetime.now(dt.UTC)))

    def _linked(self) -> str:
        if not self._credentials.exists():
            return ""
        with contextlib.closing(sqlite3.connect(self._credentials)) as database:
            return str(database.execute("SELECT phone FROM device").fetchone()[0])

    async def _show_codes(self) -> None:
        for number in itertools.count(1):
            self._hear(QrShown(code=f"2@code-{number}"))
            await self._world.clock.sleep(CODE_LIVES[min(number, len(CODE_LIVES)) - 1])
