"""What the simulated manager can be told, at its start or while it runs."""

from __future__ import annotations

import dataclasses
import enum
from pathlib import Path
from typing import Any

from whatsapp.contract.wire import CAPABILITIES, SERVICE, VERSION
from whatsapp.simulator.faults import Ack, parse_ack

ACKS = (Ack(ack="server", after=0.3), Ack(ack="delivered", after=1.5), Ack(ack="read", after=6.0))


class UnknownTenants(enum.StrEnum):
    """What a cliente_id that nobody created gets."""

    REFUSE = "refuse"  # 404 UNKNOWN_SESSION
    CREATE = "create"  # a disconnected session, ready to be paired
    READY = "ready"  # a paired session


@dataclasses.dataclass(kw_only=True)
class Settings:
    """Changed by /_control/settings while the simulator runs."""

    token: str = ""
    service: str = SERVICE
    version: str = VERSION
    capabilities: frozenset[str] = frozenset(CAPABILITIES)
    unknown_tenants: UnknownTenants = UnknownTenants.REFUSE
    latency: tuple[float, float] = (0.0, 0.0)  # seconds from the request to the delivery
    acks: tuple[Ack, ...] = ACKS
    read_ratio: float = 1.0  # how many of the delivered messages are read

    def change(self, values: dict[str, Any]) -> None:
        """Apply a JSON object, all of it or nothing. Raises ValueError with a sentence."""
        known = {field.name for field in dataclasses.fields(self)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown setting {', '.join(unknown)}: there are {', '.join(sorted(known))}")
        converted = {name: _CONVERTERS.get(name, str)(value) for name, value in values.items()}
        for name, value in converted.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "version": self.version,
            "capabilities": sorted(self.capabilities),
            "unknown_tenants": self.unknown_tenants,
            "latency": list(self.latency),
            "acks": [dataclasses.asdict(ack) for ack in self.acks],
            "read_ratio": self.read_ratio,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What is fixed when the simulator starts."""

    host: str = "127.0.0.1"
    port: int = 3011
    tenants: tuple[str, ...] = ()
    ledger: Path | None = None
    callback_url: str = ""
    callback_secret: str = ""
    speed: float = 1.0
    auto_scan: float | None = None
    seed: int | None = None


def _latency(value: Any) -> tuple[float, float]:
    low, high = (value, value) if isinstance(value, int | float) else value
    if not 0 <= low <= high:
        raise ValueError(f"latency is {value!r}: write the shortest and the longest in seconds")
    return float(low), float(high)


def _capabilities(value: Any) -> frozenset[str]:
    if unknown := sorted(set(value) - set(CAPABILITIES)):
        raise ValueError(f"unknown capability {', '.join(unknown)}: there are {', '.join(CAPABILITIES)}")
    return frozenset(value)


_CONVERTERS: dict[str, Any] = {
    "capabilities": _capabilities,
    "unknown_tenants": UnknownTenants,
    "latency": _latency,
    "acks": lambda value: tuple(parse_ack(ack) for ack in value),
    "read_ratio": float,
}
