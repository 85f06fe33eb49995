"""A world on a virtual clock: a provider that keeps the true ledger, and an I/O pool that answers when its time comes.

Nothing here sleeps. The provider decides per message what it does and what it says; the ledger holds what it really
delivered, and only that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import heapq
import itertools
import threading
import uuid
from collections.abc import Callable, Iterable

from tests.faults.checker import Delivered
from whatsapp.gateways.base import (
    Capability,
    GatewayConfig,
    GatewayError,
    Health,
    OutboundMessage,
    PairingCode,
    SendResult,
    SessionState,
    SessionStatus,
    TypedCode,
)

START = dt.datetime(2026, 2, 7, 14, 0, tzinfo=dt.UTC)


class VirtualClock:
    def __init__(self, start: dt.datetime = START) -> None:
        self.time = start

    def now(self) -> dt.datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


class VirtualIoPool:
    """Runs each call at once, in order, and hands its answer over after as long as the provider takes."""

    def __init__(self, clock: VirtualClock, provider: Provider) -> None:
        self._clock = clock
        self._provider = provider
        self._waiting: list[tuple[dt.datetime, int, object, object]] = []
        self._order = itertools.count()

    def submit(self, key: object, call: Callable[[], object]) -> None:
        self._provider.answer_after = 0.0
        try:
            result: object = call()
        except Exception as error:  # noqa: BLE001 - exactly what the real pool does
            result = error
        at = self._clock.now() + dt.timedelta(seconds=self._provider.answer_after)
        heapq.heappush(self._waiting, (at, next(self._order), key, result))

    def collect(self, timeout: float) -> list[tuple[object, object]]:
        until = self._clock.now() + dt.timedelta(seconds=max(0.0, timeout))
        if self._waiting and self._waiting[0][0] <= until:
            self._clock.time = max(self._clock.time, self._waiting[0][0])
        else:
            self._clock.time = until
        found = []
        while self._waiting and self._waiting[0][0] <= self._clock.time:
            _at, _order, key, result = heapq.heappop(self._waiting)
            found.append((key, result))
        return found

    def close(self) -> None:
        """What is still on its way is lost, as when a process ends."""
        self._waiting.clear()


@dataclasses.dataclass(frozen=True)
class Delivery:
    tenant_id: str
    phone: str
    client_message_id: uuid.UUID
    message_id: str
    at: dt.datetime


@dataclasses.dataclass
class Behaviour:
    """What the provider does with one message: whether it delivers, how long it takes, and what it says.

    `then` runs at the far side before the answer is on its way: a callback that overtakes it, for one.
    """

    delivers: bool = True
    seconds: float = 1.0
    error: GatewayError | None = None
    raises: BaseException | None = None
    then: Callable[[Delivery], None] | None = None


class Provider:
    """The far side. `behave` is asked per message; `ledger` is the truth. Threads may share it."""

    def __init__(self, clock: VirtualClock, *, capabilities: Iterable[Capability] = ()) -> None:
        self.clock = clock
        self.capabilities = frozenset(capabilities)
        self.ledger: list[Delivery] = []
        self.refused: set[str] = set()  # message ids that WhatsApp took back later
        self.sends: list[uuid.UUID] = []
        self.state: dict[str, SessionState] = {}
        self.status_error: GatewayError | None = None
        self.behave: Callable[[OutboundMessage], Behaviour] = lambda _message: Behaviour()
        self.asked: Callable[[], None] = lambda: None  # runs whenever a session's status is asked
        self.answer_after = 0.0
        self.lock = threading.Lock()
        self._ids = itertools.count(1)

    def open(self, config: GatewayConfig) -> VirtualGateway:
        return VirtualGateway(self, config)

    def delivered(self, client_message_id: uuid.UUID) -> list[Delivery]:
        return [delivery for delivery in self.ledger if delivery.client_message_id == client_message_id]

    def lines(self) -> list[Delivered]:
        """The ledger as the checker reads it."""
        return [
            Delivered(
                tenant=line.tenant_id,
                client_message_id=line.client_message_id,
                message_id=line.message_id,
                at=line.at.timestamp(),
                refused=line.message_id in self.refused,
            )
            for line in self.ledger
        ]

    def take(self, config: GatewayConfig, message: OutboundMessage, *, delivers: bool) -> Delivery:
        """Deliver, or recognise a repeat where that is announced. Returns the delivery that the answer speaks of."""
        with self.lock:
            self.sends.append(message.client_message_id)
            known = self.delivered(message.client_message_id)
            if known and Capability.DEDUPE in self.capabilities:
                return known[0]
            delivery = Delivery(
                config.tenant_id,
                message.phone,
                message.client_message_id,
                f"true_{next(self._ids)}",
                self.clock.now(),
            )
            if delivers:
                self.ledger.append(delivery)
            return delivery


class VirtualGateway:
    def __init__(self, provider: Provider, config: GatewayConfig) -> None:
        self._provider = provider
        self._config = config

    def health(self) -> Health:
        return Health(version="1", capabilities=self._provider.capabilities)

    def status(self) -> SessionStatus:
        self._provider.asked()
        if self._provider.status_error is not None:
            raise self._provider.status_error
        state = self._provider.state.get(self._config.tenant_id, SessionState.READY)
        return SessionStatus(state=state, can_send=state is SessionState.READY)

    def pairing_code(self) -> PairingCode | None:
        return None

    def connect(self) -> None:
        self._provider.state[self._config.tenant_id] = SessionState.READY

    def disconnect(self) -> None:
        self._provider.state[self._config.tenant_id] = SessionState.DISCONNECTED

    def typed_code(self, phone: str) -> TypedCode | None:
        return None

    def logout(self) -> None:
        self._provider.state[self._config.tenant_id] = SessionState.DISCONNECTED

    def show_typing(self, phone: str, seconds: float) -> None:
        return

    def send(self, message: OutboundMessage) -> SendResult:
        provider = self._provider
        behaviour = provider.behave(message)
        provider.answer_after = behaviour.seconds
        delivery = provider.take(self._config, message, delivers=behaviour.delivers)
        if behaviour.then is not None:
            behaviour.then(delivery)
        if behaviour.raises is not None:
            raise behaviour.raises
        if behaviour.error is not None:
            raise behaviour.error
        return SendResult(message_id=delivery.message_id, http_status=200, host="virtual")

    def lookup(self, client_message_id: uuid.UUID) -> SendResult | None:
        known = self._provider.delivered(client_message_id)
        return SendResult(message_id=known[0].message_id, http_status=200, host="virtual") if known else None
