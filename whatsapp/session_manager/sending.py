"""Messages of one line: written down before they are handed over, one at a time, and never claimed without WhatsApp's id."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
import logging
import uuid
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from whatsapp.contract import wire
from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Reply
from whatsapp.contract.wire import Line, Message, error_reply
from whatsapp.session_manager.outbox import Outbox
from whatsapp.session_manager.phone import Acknowledged, End, Phone, PhoneError, Trouble
from whatsapp.session_manager.store import Known, Standing, Store

# Seconds. WhatsApp's server answers in a few, and the library waits 75; whoever asked us waits 90.
PATIENCE = 80.0
RETRY_AFTER = 60
# Receipts that came before the answer whose message they speak of.
MAX_EARLY = 500

# What WhatsApp refused for good: our code and its sentence.
_REFUSALS = {
    Trouble.NOT_ON_WHATSAPP: ("NOT_ON_WHATSAPP", "the number has no WhatsApp"),
    Trouble.FIRST_CONTACT: ("FIRST_CONTACT_REFUSED", "this line may not write to new contacts (463)"),
}
_SENTENCES = dict(_REFUSALS.values())
_FORBIDDEN = {End.LOGGED_OUT: "LOGGED_OUT", End.WRONG_ACCOUNT: "LOGGED_OUT", End.BANNED: "BANNED"}

T = TypeVar("T")

log = logging.getLogger(__name__)


class SendingLine(Line, Protocol):
    @property
    def open_phone(self) -> Phone | None: ...

    def used(self) -> None: ...


class Sending:
    def __init__(self, line: SendingLine, *, store: Store, clock: Clock, outbox: Outbox) -> None:
        self._line = line
        self._store = store
        self._clock = clock
        self._outbox = outbox
        self._lane = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()
        self._ending = False
        self._early: collections.OrderedDict[tuple[str, str], Acknowledged] = collections.OrderedDict()

    async def send(self, message: Message) -> Reply:
        """Answer POST /send. It goes to its end even when whoever asked has gone."""
        return await asyncio.shield(self._run(self._send(message)))

    async def finish(self, *, within: float) -> None:
        """Nothing new begins; what is on its way may end."""
        self._ending = True
        if self._running:
            await asyncio.wait(self._running, timeout=within)

    def lookup(self, client_message_id: str) -> Reply:
        """Answer GET /messages/{client_message_id}."""
        known = self._store.known(self._line.name, client_message_id)
        if known is None:
            return wire.unknown_message()
        status = {Standing.REFUSED: "failed"}.get(known.standing, known.standing.value)
        return wire.found(client_message_id, status, known.message_id)

    def acknowledged(self, event: Acknowledged) -> None:
        for message_id in event.message_ids:
            key = self._store.id_of(self._line.name, message_id)
            if key is not None:
                self._tell(message_id, key, event.ack, at=event.at)
                continue
            # Of a message that somebody sent from the phone itself, or of one whose answer is still on its way.
            self._early[message_id, event.ack] = event
            if len(self._early) > MAX_EARLY:
                self._early.popitem(last=False)

    # --- One message ------------------------------------------------------------------------------------------------

    async def _send(self, message: Message) -> Reply:
        """An id that may have left already is answered from what is known of it."""
        # Nobody can repeat a message without an id; a key that no id can have lets its receipts be matched all the same.
        key = message.client_message_id or f"~{uuid.uuid4().hex}"
        async with self._lane:
            known = self._store.known(self._line.name, key)
            if known is not None:
                return _answer(known)
            phone = self._line.open_phone
            if phone is None or self._ending:
                return self._not_ready()
            self._store.begin(self._line.name, key, at=dt.datetime.now(dt.UTC))
            self._line.used()
            return await self._hand_over(phone, message, key)

    async def _hand_over(self, phone: Phone, message: Message, key: str) -> Reply:
        sending = asyncio.ensure_future(phone.send(message.phone, message.text))
        waiting = asyncio.ensure_future(self._clock.sleep(PATIENCE))
        try:
            await asyncio.wait({sending, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if sending.done():
            return self._settle(sending, key)
        self._store.settle(self._line.name, key, Known(standing=Standing.UNKNOWN))
        self._run(self._settle_late(sending, key))
        return _answer(Known(standing=Standing.UNKNOWN))

    async def _settle_late(self, sending: asyncio.Future[str], key: str) -> None:
        await asyncio.wait({sending})
        self._settle(sending, key)

    def _run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _settle(self, sending: asyncio.Future[str], key: str) -> Reply:
        """Write down what became of it, and answer."""
        try:
            message_id = sending.result()
        except asyncio.CancelledError:
            return self._known_as(key, Known(standing=Standing.UNKNOWN))
        except PhoneError as error:
            return self._failed(error, key)
        except Exception:
            log.exception("line %s: a send broke; whether it left is not known", self._line.name)
            return self._known_as(key, Known(standing=Standing.UNKNOWN))
        if not message_id:
            return self._known_as(key, Known(standing=Standing.UNKNOWN))
        reply = self._known_as(key, Known(standing=Standing.SENT, message_id=message_id))
        self._tell(message_id, key, "server", at=dt.datetime.now(dt.UTC))
        for early in [name for name in self._early if name[0] == message_id]:
            event = self._early.pop(early)
            self._tell(message_id, key, event.ack, at=event.at)
        return reply

    def _failed(self, error: PhoneError, key: str) -> Reply:
        log.warning("line %s: a message did not go out: %s (%s)", self._line.name, error.trouble, error.detail)
        if error.trouble is Trouble.UNKNOWN:
            return self._known_as(key, Known(standing=Standing.UNKNOWN))
        if error.trouble in _REFUSALS:
            return self._known_as(key, Known(standing=Standing.REFUSED, code=_REFUSALS[error.trouble][0]))
        self._store.never_left(self._line.name, key)
        if error.trouble is Trouble.NOT_CONNECTED:
            return self._not_ready()
        if error.trouble is Trouble.RATE_LIMITED:
            return error_reply(
                429, "RATE_LIMITED", "WhatsApp asks to slow down", headers={"Retry-After": str(RETRY_AFTER)}
            )
        return error_reply(500, "WHATSAPP_ERROR", error.detail, whatsapp_code=error.whatsapp_code)

    def _known_as(self, key: str, known: Known) -> Reply:
        self._store.settle(self._line.name, key, known)
        return _answer(known)

    def _not_ready(self) -> Reply:
        code = _FORBIDDEN.get(End(self._line.reason)) if self._line.reason in set(End) else None
        if code is not None:
            return error_reply(403, code, "a person has to link the phone again")
        return wire.not_ready(self._line)

    def _tell(self, message_id: str, key: str, ack: str, *, at: dt.datetime) -> None:
        data = {"message_id": message_id, "ack": ack}
        if not key.startswith("~"):
            data["client_message_id"] = key
        self._outbox.tell("message.ack", self._line.name, data, at=at, matters=False)


def _answer(known: Known) -> Reply:
    """What a message whose fate is written down is answered, however often it is asked."""
    if known.standing is Standing.SENT and known.message_id is not None:
        return wire.accepted(known.message_id)
    if known.standing is Standing.REFUSED:
        code = 463 if known.code == "FIRST_CONTACT_REFUSED" else None
        return error_reply(400, known.code, _SENTENCES[known.code], whatsapp_code=code)
    return error_reply(504, "OUTCOME_UNKNOWN", "it may have left, and is not sent again under this id")
