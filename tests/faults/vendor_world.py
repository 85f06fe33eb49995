"""The virtual world with a vendor in it: the real client speaks to its emulator, and the emulator's ledger is the truth.

Time is virtual still; only the exchange is real. So a deadline that passes is played by an answer that takes long, and
what the wire does (reset, garbage, an error of the vendor) is done by the wire.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

from tests.faults.checker import Delivered
from tests.faults.harness import World
from tests.faults.world import Behaviour, Provider, VirtualClock
from whatsapp.gateways import registry
from whatsapp.gateways.base import Capability, Gateway, GatewayConfig, OutboundMessage, SendResult
from whatsapp.simulator.vendors.emulator import Emulator


class VendorProvider(Provider):
    """Opens the vendor's own client for whatever line, and reads the emulator's ledger."""

    def __init__(self, clock: VirtualClock, emulator: Emulator, config: GatewayConfig) -> None:
        capabilities = registry.open_gateway(config).health().capabilities
        super().__init__(clock, capabilities=capabilities)
        self._emulator, self._config = emulator, config
        # By the emulator's own number of a delivery: whose it was, and when it was handed over on the virtual clock.
        self._ours: dict[int, tuple[uuid.UUID, dt.datetime]] = {}

    def open(self, config: GatewayConfig) -> Any:
        self._emulator.lines.setdefault(config.tenant_id, self._emulator.lines[self._config.tenant_id])
        real = registry.open_gateway(
            GatewayConfig(
                kind=self._config.kind,
                base_url=self._config.base_url,
                tenant_id=config.tenant_id,
                token=self._config.token,
                capabilities=frozenset(self.capabilities & {Capability.CHOSEN_ID}),
                send_timeout=self._config.send_timeout,
            )
        )
        return _Watched(real, self)

    def send(self, real: Gateway, message: OutboundMessage) -> SendResult:
        """Through the real client, while the emulator does what `behave` says."""
        emulator, behave = self._emulator, self.behave
        emulator.faults.replace(list(behave.rules) if isinstance(behave, WireFault) else [])
        self.sends.append(message.client_message_id)
        self.answer_after = 1.0
        before = self._count()
        try:
            return real.send(message)
        finally:
            for number in range(before, self._count()):
                self._ours[number] = message.client_message_id, self.clock.now()

    def _count(self) -> int:
        return sum(1 for _entry in self._emulator.ledger.entries())

    def lines(self) -> list[Delivered]:
        """As the checker reads it, of this world alone: the emulator outlives it."""
        entries = list(self._emulator.ledger.entries())
        return [
            Delivered(
                tenant=entries[number]["tenant"],
                client_message_id=ours,
                message_id=entries[number]["message_id"],
                at=at.timestamp(),
            )
            for number, (ours, at) in sorted(self._ours.items())
        ]


@dataclasses.dataclass(frozen=True)
class WireFault:
    """What the emulator does with each message, as its control route takes it. Called by nobody: the wire does it."""

    name: str
    rules: tuple[dict[str, Any], ...]

    def __call__(self, _message: object = None) -> Behaviour:
        raise AssertionError("the wire misbehaves, not the provider")


class _Watched:
    """The real client, whose sends the provider counts."""

    def __init__(self, real: Gateway, provider: VendorProvider) -> None:
        self._real, self._provider = real, provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def send(self, message: OutboundMessage) -> SendResult:
        return self._provider.send(self._real, message)


class VendorWorld(World):
    def __init__(self, emulator: Emulator, config: GatewayConfig) -> None:
        super().__init__()
        self.provider = VendorProvider(self.clock, emulator, config)
