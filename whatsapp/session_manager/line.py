"""One line: dialling, pairing against the clock, and coming back after the network did. Its messages are in sending.py."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
import random
import sqlite3
from collections.abc import Callable

from whatsapp.contract import wire
from whatsapp.contract.clock import Clock
from whatsapp.contract.wire import CODE_LIVES, State
from whatsapp.session_manager.outbox import Outbox
from whatsapp.session_manager.phone import (
    FINAL,
    Acknowledged,
    Connected,
    End,
    Event,
    Gone,
    Paired,
    Phone,
    PhoneError,
    PhoneMaker,
    QrShown,
    Received,
)
from whatsapp.session_manager.sending import Sending
from whatsapp.session_manager.store import LineRow, Store
from whatsapp.session_manager.vault import UnreadableError, Vault, VaultError

# Seconds.
DIALLING = 60.0  # until a phone that tells nothing is taken for cut off
NEXT_CODE = 30.0  # beyond the life of a code, until the next one
SEALING = 15.0  # between two looks at whether the credentials changed
SETTLED = 60.0  # a connection that lasted so long begins the back-off anew
FIRST_DELAY, LONGEST_DELAY = 2.0, 300.0
PATIENCE_WHILE_PAIRING = 3  # tries: somebody sits before the screen
CLOSING = 10.0
ENDING = 30.0  # for messages that are on their way when the process ends

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """What all lines share."""

    clock: Clock
    store: Store
    vault: Vault
    outbox: Outbox
    make_phone: PhoneMaker
    idle: float = 0.0  # seconds without a message until a line closes; 0: never
    random: Callable[[float, float], float] = random.uniform


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    text: str
    expires: float  # on the clock


class PhoneLine:
    """A session by its cliente_id. All of it runs on one event loop."""

    def __init__(self, row: LineRow, world: World) -> None:
        self._world = world
        self._row = row
        self.state = State.DISCONNECTED
        self.reason = row.reason
        self._code: Code | None = None
        self._typed: Code | None = None
        self._codes = 0
        self._gives_up = 0.0
        self._used = 0.0
        self._phone: Phone | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.sending = Sending(self, store=world.store, clock=world.clock, outbox=world.outbox)

    @property
    def name(self) -> str:
        return self._row.name

    @property
    def phone(self) -> str:
        return self._row.phone

    @property
    def ready(self) -> bool:
        return self.state is State.READY

    @property
    def wanted(self) -> bool:
        return self._row.wanted

    @property
    def open_phone(self) -> Phone | None:
        """What messages go through, while the line is ready."""
        return self._phone if self.ready else None

    def used(self) -> None:
        """Somebody wrote, or was written to."""
        self._used = self._world.clock.time()

    # --- What is asked of it ----------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open it, pairing where no phone is linked; nothing changes for one that is open already."""
        if self._keeping is None:
            self._remember(wanted=True, reason="")
            self._enter(State.CONNECTING)
            self._keeping = asyncio.create_task(self._keep(), name=f"line {self.name}")

    async def disconnect(self) -> None:
        """Close it; its phone stays linked."""
        await self._stop()
        self._remember(wanted=False, reason=End.REQUESTED)
        self._enter(State.DISCONNECTED, reason=End.REQUESTED)

    async def logout(self) -> None:
        """Close it, unlink its phone where WhatsApp can be reached, and forget its credentials in any case."""
        if self.open_phone is not None:
            await self._unlink(self.open_phone)
        await self._stop()
        self._world.vault.forget(self.name)
        self._remember(wanted=False, reason=End.REQUESTED, phone="")
        self._enter(State.DISCONNECTED, reason=End.REQUESTED)

    async def end(self) -> None:
        """The process ends: messages that are on their way first. The line is opened again by the next one."""
        await self.sending.finish(within=ENDING)
        await self._stop()

    def code_to_scan(self) -> Code | None:
        return _living(self._code, self._world.clock)

    async def code_to_type(self, phone: str) -> Code | None:
        """For the phone of that number alone (digits). None while no pairing is under way. Raises PhoneError."""
        if self.state is not State.AWAITING_QR or self._phone is None:
            return None
        text = await self._phone.pair_by_code(phone)
        self._typed = Code(text=text.replace("-", ""), expires=self._gives_up)
        return self._typed

    # --- One connection after the other -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Dial, stay, dial again, until there is no use in it."""
        failures = 0
        while True:
            began = self._world.clock.time()
            gone = await self._once()
            pairing = not self.phone
            failures = 1 if self._world.clock.time() - began > SETTLED and not pairing else failures + 1
            if gone.end in FINAL or (pairing and failures >= PATIENCE_WHILE_PAIRING):
                self._finish(gone)
                return
            delay = min(FIRST_DELAY * 2 ** min(failures - 1, 12), LONGEST_DELAY) * self._world.random(0.5, 1.0)
            log.warning("line %s: no connection (%s); the next try in %.0f s", self.name, gone.detail or "cut", delay)
            self._enter(State.CONNECTING, reason=gone.end)
            await self._world.clock.sleep(delay)

    def _finish(self, gone: Gone) -> None:
        """Nothing is dialled any more until somebody asks."""
        log.warning("line %s: closed, %s %s", self.name, gone.end, gone.detail)
        if gone.end in (End.LOGGED_OUT, End.WRONG_ACCOUNT, End.QR_EXPIRED):
            self._world.vault.forget(self.name)
        self._keeping = None
        self._remember(wanted=False, reason=gone.end)
        self._enter(State.DISCONNECTED, reason=gone.end)

    async def _once(self) -> Gone:
        """One connection from its dialling to its end."""
        events: asyncio.Queue[Event] = asyncio.Queue()
        try:
            path = self._world.vault.open(self.name)
        except UnreadableError as error:
            return Gone(end=End.CREDENTIALS_UNREADABLE, detail=str(error))
        except OSError as error:
            return Gone(end=End.NETWORK, detail=f"credentials: {error.strerror}")
        self._codes = 0
        phone = self._phone = self._world.make_phone(path, lambda event: self._hear(event, events))
        sealing = asyncio.create_task(self._seal_now_and_then())
        try:
            await phone.open()
            return await self._attend(phone, events)
        except OSError as error:
            return Gone(end=End.NETWORK, detail=str(error))
        finally:
            self._phone = self._code = self._typed = None
            sealing.cancel()
            await asyncio.shield(self._close(phone))

    async def _attend(self, phone: Phone, events: asyncio.Queue[Event]) -> Gone:
        """What the phone tells moves the line, until the connection is over."""
        deadline: float | None = self._world.clock.time() + DIALLING
        while True:
            event = await self._next(events, until=deadline)
            if isinstance(event, Gone):
                return event
            if isinstance(event, Paired | Connected) and event.phone and self.phone not in ("", event.phone):
                await self._unlink(phone)
                return Gone(end=End.WRONG_ACCOUNT, detail="a phone of another number was linked")
            if event is None and (over := self._over()):
                return over
            if isinstance(event, QrShown) and self._codes >= len(CODE_LIVES):
                return Gone(end=End.QR_EXPIRED)
            deadline = self._take(event)

    def _take(self, event: Event | None) -> float | None:
        """Move on. Returns until when to wait for what follows."""
        match event:
            case QrShown():
                return self._show(event)
            case Paired():
                self._seal()
                self._remember(phone=event.phone)
                self._enter(State.CONNECTING)
                return self._world.clock.time() + DIALLING
            case Connected():
                self._seal()
                self._remember(phone=event.phone or self.phone, wanted=True, reason="")
                self._enter(State.READY)
                self.used()
        return self._used + self._world.idle if self._world.idle else None

    def _over(self) -> Gone | None:
        """Nothing came in time. None where that means nothing yet."""
        if self.state is State.READY:
            idle = self._world.clock.time() - self._used >= self._world.idle
            return Gone(end=End.IDLE) if idle else None
        if self._codes >= len(CODE_LIVES):
            return Gone(end=End.QR_EXPIRED)
        return Gone(end=End.NETWORK, detail="nothing was heard in time")

    def _show(self, event: QrShown) -> float:
        """Another code. Returns until when to wait for what follows."""
        now, life = self._world.clock.time(), CODE_LIVES[self._codes]
        if self._codes == 0:
            self._gives_up = now + sum(CODE_LIVES)
        self._codes += 1
        self._code = Code(text=event.code, expires=now + life)
        self._enter(State.AWAITING_QR)
        return now + life + (NEXT_CODE if self._codes < len(CODE_LIVES) else 0.0)

    async def _next(self, events: asyncio.Queue[Event], *, until: float | None) -> Event | None:
        """What comes next, or None when nothing does until then."""
        if until is None or not events.empty():
            return await events.get()
        getting = asyncio.ensure_future(events.get())
        waiting = asyncio.ensure_future(self._world.clock.sleep_until(until))
        try:
            await asyncio.wait({getting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            waiting.cancel()

    def _hear(self, event: Event, events: asyncio.Queue[Event]) -> None:
        """What concerns messages is written down at once; the rest moves the line."""
        match event:
            case Received():
                self.used()
                self._world.outbox.tell("message.inbound", self.name, _inbound(event), at=event.at)
            case Acknowledged():
                self.sending.acknowledged(event)
            case _:
                events.put_nowait(event)

    async def _unlink(self, phone: Phone) -> None:
        """At WhatsApp's, where it can be reached: whoever asked waits no longer than for a closing."""
        try:
            async with asyncio.timeout(CLOSING):
                await phone.log_out()
        except (PhoneError, TimeoutError) as error:
            log.warning(
                "line %s: WhatsApp was not told of the log-out (%s): unlink it on the phone too", self.name, error
            )

    async def _stop(self) -> None:
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _close(self, phone: Phone) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await phone.close()
        try:
            self._world.vault.close(self.name)
        except (VaultError, OSError, sqlite3.Error):
            log.exception("line %s: its credentials could not be sealed and stay in memory", self.name)

    # --- Credentials, state -------------------------------------------------------------------------------------------

    async def _seal_now_and_then(self) -> None:
        while True:
            await self._world.clock.sleep(SEALING)
            await asyncio.to_thread(self._seal)

    def _seal(self) -> None:
        try:
            self._world.vault.seal(self.name)
        except (OSError, sqlite3.Error):
            log.exception("line %s: its credentials could not be sealed yet", self.name)

    def _remember(self, **changes: object) -> None:
        row = dataclasses.replace(self._row, **changes)  # type: ignore[arg-type]
        if row != self._row:
            self._row = row
            self._world.store.put_line(row)

    def _enter(self, state: State, *, reason: str = "") -> None:
        if state is not State.AWAITING_QR:
            self._code = self._typed = None
        if (self.state, self.reason) == (state, reason):
            return
        self.state, self.reason = state, str(reason)
        self._world.outbox.tell("session.state", self.name, wire.state_of(self), at=dt.datetime.now(dt.UTC))


def _living(code: Code | None, clock: Clock) -> Code | None:
    return code if code is not None and clock.time() < code.expires else None


def _inbound(event: Received) -> dict[str, str]:
    data = {"message_id": event.message_id, "from": event.sender, "text": event.text}
    if event.sender_phone and not event.sender.startswith(f"{event.sender_phone}@"):
        data["from_phone"] = f"{event.sender_phone}@c.us"
    if event.kind != "text":
        data["type"] = event.kind
    return data
