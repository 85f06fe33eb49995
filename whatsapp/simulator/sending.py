"""POST /send and what follows from it: delivery, ledger, acknowledgements, and what is known of a message later."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import secrets
import time
from collections.abc import Sequence

from whatsapp.simulator.callbacks import Callbacks
from whatsapp.contract.clock import Clock
from whatsapp.simulator.faults import Ack, Fault, Faults, Kind
from whatsapp.contract.http import Delivery, Reply, Request, json_reply
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.settings import Settings
from whatsapp.simulator.tenants import State, Tenant, Tenants
from whatsapp.simulator.wire import RequestRefusedError, answer_with_fault, error_reply

MAX_TEXT = 65_536
CHAT_ID = re.compile(r"([1-9][0-9]{5,14})@c\.us", re.ASCII)
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Message:
    phone: str  # digits
    to: str
    text: str
    client_message_id: str | None


@dataclasses.dataclass(kw_only=True)
class Known:
    """What the manager knows of one client_message_id."""

    status: str = "pending"
    message_id: str | None = None
    settled: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


class Sending:
    def __init__(
        self,
        *,
        clock: Clock,
        settings: Settings,
        faults: Faults,
        ledger: Ledger,
        callbacks: Callbacks,
        tenants: Tenants,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self._ledger = ledger
        self._callbacks = callbacks
        self._tenants = tenants
        self._known: dict[tuple[str, str], Known] = {}
        self.in_flight = 0
        self.most_in_flight = 0
        for entry in ledger.entries(event="delivered"):
            if entry["client_message_id"] is not None:
                self._remember(entry["tenant"], entry["client_message_id"], entry["message_id"])

    async def send(self, request: Request, tenant: Tenant) -> Reply:
        """Answer POST /send, and write what became of it into the ledger."""
        started = time.monotonic()
        message = read_message(request, tenant)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        message_id: str | None = None
        answer = "aborted"
        try:
            reply, message_id = await self._send(message, tenant, started=started)
            answer = str(reply.status) if reply.delivery in (Delivery.WHOLE, Delivery.DRIP) else reply.delivery.value
            return reply
        finally:
            self.in_flight -= 1
            self._ledger.finished(
                tenant=tenant.name,
                to=message.to,
                client_message_id=message.client_message_id,
                message_id=message_id,
                answer=answer,
                started=started,
                ended=time.monotonic(),
            )

    def lookup(self, client_message_id: str, tenant: Tenant) -> Reply:
        """Answer GET /messages/{client_message_id}."""
        known = self._known.get((tenant.name, client_message_id))
        if known is None:
            return error_reply(404, "UNKNOWN_MESSAGE", "no message with this client_message_id")
        found = {"ok": True, "client_message_id": client_message_id, "status": known.status}
        if known.message_id is not None:
            found["message_id"] = known.message_id
        return json_reply(found)

    # --- One message --------------------------------------------------------------------------------------------

    async def _send(self, message: Message, tenant: Tenant, *, started: float) -> tuple[Reply, str | None]:
        fault = self._faults.pick(route="send", tenant=tenant.name, phone=message.phone)
        if fault is not None and fault.kind is Kind.STATE:
            self._tenants.set_state(tenant, State(fault.state), reason="FAULT")
        if fault is not None and not fault.delivered:
            return await answer_with_fault(fault, _not_ready(tenant), clock=self._clock), None
        if not tenant.ready:
            return _not_ready(tenant), None
        if repeated := await self._recognised(message, tenant):
            return _accepted(repeated), repeated
        known = self._begin(message, tenant)
        try:
            if not await self._work(fault, tenant):
                return error_reply(500, "WHATSAPP_ERROR", "the session was lost before the message went out"), None
            message_id = self._deliver(message, tenant, known, started=started)
        finally:
            self._end(message, tenant, known)
        await self._acknowledge(fault, message, tenant, known, message_id)
        reply = _accepted(message_id)
        if fault is None:
            return reply, message_id
        return await answer_with_fault(fault, reply, clock=self._clock), message_id

    async def _recognised(self, message: Message, tenant: Tenant) -> str | None:
        """The message_id of an earlier request with the same client_message_id, once that one has settled."""
        if "dedupe" not in self._settings.capabilities or message.client_message_id is None:
            return None
        while (known := self._known.get((tenant.name, message.client_message_id))) is not None:
            if known.message_id is not None:
                return known.message_id
            await known.settled.wait()
        return None

    def _begin(self, message: Message, tenant: Tenant) -> Known:
        known = Known()
        if message.client_message_id is not None:
            self._known.setdefault((tenant.name, message.client_message_id), known)
        return known

    async def _work(self, fault: Fault | None, tenant: Tenant) -> bool:
        """What the manager does before WhatsApp has the message: typing, mostly. Tells if the session outlived it."""
        low, high = self._settings.latency
        if fault is not None and fault.kind is Kind.SLOW:
            low, high = fault.min, fault.max
        await self._clock.sleep(self._faults.uniform(low, high))
        return tenant.ready

    def _deliver(self, message: Message, tenant: Tenant, known: Known, *, started: float) -> str:
        message_id = f"true_{message.to}_3EB0{secrets.token_hex(9).upper()}"
        self._ledger.delivered(
            tenant=tenant.name,
            to=message.to,
            client_message_id=message.client_message_id,
            message_id=message_id,
            text=message.text,
            started=started,
            delivered=time.monotonic(),
        )
        known.message_id, known.status = message_id, "sent"
        if message.client_message_id is not None:
            self._remember(tenant.name, message.client_message_id, message_id, known)
        return message_id

    def _end(self, message: Message, tenant: Tenant, known: Known) -> None:
        """The work is over; an id that led to no delivery is forgotten, so that it may be tried again."""
        key = (tenant.name, message.client_message_id or "")
        if known.message_id is None and self._known.get(key) is known:
            del self._known[key]
        known.settled.set()

    def _remember(self, tenant: str, client_message_id: str, message_id: str, known: Known | None = None) -> None:
        self._known[tenant, client_message_id] = known or Known(status="sent", message_id=message_id)

    async def _acknowledge(
        self, fault: Fault | None, message: Message, tenant: Tenant, known: Known, message_id: str
    ) -> None:
        if "callbacks" not in self._settings.capabilities:
            return
        tasks: list[asyncio.Task[None]] = []
        for ack in self._acks(fault):
            sent = self._callbacks.acknowledge(
                ack,
                tenant=tenant.name,
                message_id=message_id,
                client_message_id=message.client_message_id if "echo" in self._settings.capabilities else None,
            )
            if ack.ack == "failed" and ack.message_id is None:
                sent[0].add_done_callback(lambda _task: setattr(known, "status", "failed"))
            tasks += sent
        if fault is not None and fault.before_response:
            await asyncio.gather(*tasks)

    def _acks(self, fault: Fault | None) -> Sequence[Ack]:
        if fault is not None and fault.kind is Kind.CALLBACKS:
            return fault.acks
        is_read = self._faults.uniform(0, 1) < self._settings.read_ratio
        return [ack for ack in self._settings.acks if is_read or ack.ack != "read"]


def read_message(request: Request, tenant: Tenant) -> Message:
    """The message of a request. Raises RequestRefusedError with a 400 in the contract's shape."""
    body = request.json()
    if body is None:
        raise _invalid("the body must be a JSON object")
    if str(body.get("cliente_id", tenant.name)) != tenant.name:
        raise _invalid("cliente_id and X-Cliente-Id differ")
    to, text, client_message_id = body.get("to"), body.get("message"), body.get("client_message_id")
    matched = CHAT_ID.fullmatch(to) if isinstance(to, str) else None
    if matched is None:
        raise _invalid("to must be digits followed by @c.us")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
        raise _invalid(f"message must be text of 1 to {MAX_TEXT} characters")
    if client_message_id is not None and not (
        isinstance(client_message_id, str) and _CLIENT_ID.fullmatch(client_message_id)
    ):
        raise _invalid("client_message_id must be 1 to 64 letters, digits, dots, colons, dashes or underscores")
    return Message(phone=matched[1], to=matched[0], text=text, client_message_id=client_message_id)


def _invalid(message: str) -> RequestRefusedError:
    return RequestRefusedError(error_reply(400, "VALIDATION", message))


def _not_ready(tenant: Tenant) -> Reply:
    return error_reply(409, "SESSION_NOT_READY", f"WhatsApp session not ready. Current state: {tenant.state}")


def _accepted(message_id: str) -> Reply:
    return json_reply({"ok": True, "message_id": message_id})
