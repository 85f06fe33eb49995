"""POST /send and what follows from it: delivery, ledger, acknowledgements, and what is known of a message later."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import Sequence

from whatsapp.contract import wire
from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Delivery, Reply
from whatsapp.contract.wire import Message, State, error_reply
from whatsapp.simulator.callbacks import Callbacks
from whatsapp.simulator.faults import Ack, Fault, Faults, Kind
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.settings import Settings
from whatsapp.simulator.spoiling import answer_with_fault
from whatsapp.simulator.tenants import Tenant, Tenants


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

    async def send(self, message: Message, tenant: Tenant) -> Reply:
        """Answer POST /send, and write what became of it into the ledger."""
        started = time.monotonic()
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
            return wire.unknown_message()
        return wire.found(client_message_id, known.status, known.message_id)

    # --- One message --------------------------------------------------------------------------------------------

    async def _send(self, message: Message, tenant: Tenant, *, started: float) -> tuple[Reply, str | None]:
        fault = self._faults.pick(route="send", tenant=tenant.name, phone=message.phone)
        if fault is not None and fault.kind is Kind.STATE:
            self._tenants.set_state(tenant, State(fault.state), reason="FAULT")
        if fault is not None and not fault.delivered:
            return await answer_with_fault(fault, wire.not_ready(tenant), clock=self._clock), None
        if not tenant.ready:
            return wire.not_ready(tenant), None
        if repeated := await self._recognised(message, tenant):
            return wire.accepted(repeated), repeated
        known = self._begin(message, tenant)
        try:
            if not await self._work(fault, tenant):
                return error_reply(500, "WHATSAPP_ERROR", "the session was lost before the message went out"), None
            message_id = self._deliver(message, tenant, known, started=started)
        finally:
            self._end(message, tenant, known)
        await self._acknowledge(fault, message, tenant, known, message_id)
        reply = wire.accepted(message_id)
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
