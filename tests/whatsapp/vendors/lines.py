"""A line at each vendor's emulator, ready to send."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from whatsapp.gateways import registry
from whatsapp.gateways.base import Gateway, GatewayConfig
from whatsapp.simulator.vendors.emulator import Emulator, Options, serving
from whatsapp.simulator.vendors.evolution import EvolutionEmulator
from whatsapp.simulator.vendors.meta import MetaEmulator
from whatsapp.simulator.vendors.waha import WahaEmulator


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vendor:
    """`refuses`: status and code of an answer that proves that this message did not leave, and never will."""

    kind: str
    makes: Callable[[Options], Emulator]
    line: str
    ready: str
    refuses: tuple[int, str]


VENDORS: Mapping[str, Vendor] = {
    registry.META_CLOUD: Vendor(
        kind=registry.META_CLOUD,
        makes=MetaEmulator,
        line="106540352242922",
        ready="CONNECTED",
        refuses=(400, "131026"),
    ),
    registry.WAHA: Vendor(
        kind=registry.WAHA, makes=WahaEmulator, line="default", ready="WORKING", refuses=(400, "bad chat")
    ),
    registry.EVOLUTION: Vendor(
        kind=registry.EVOLUTION, makes=EvolutionEmulator, line="ventas", ready="open", refuses=(400, "exists")
    ),
}


@contextlib.contextmanager
def at(kind: str, **options: Any) -> Iterator[tuple[Emulator, GatewayConfig]]:
    """The emulator of this kind with one ready line, and how to speak to it."""
    vendor = VENDORS[kind]
    emulator = vendor.makes(Options(**{"lines": {vendor.line: vendor.ready}, **options}))
    with serving(emulator) as address:
        yield (
            emulator,
            GatewayConfig(
                kind=kind,
                base_url=address,
                tenant_id=vendor.line,
                token=emulator.options.token,
                send_timeout=2.0,
                call_timeout=2.0,
            ),
        )


def opened(config: GatewayConfig, **changes: Any) -> Gateway:
    return registry.open_gateway(dataclasses.replace(config, **changes))
