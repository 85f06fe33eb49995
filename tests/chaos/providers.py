"""The two providers that chaos rages against: the bundled simulator, and one that was written from the contract alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from tests.chaos.scene import SECRET, ledger_of
from tests.faults.checker import Delivered
from tests.faults.second_provider.callbacks import Callbacks
from tests.faults.second_provider.misbehaviours import ALL
from tests.faults.second_provider.provider import SecondProvider, serving
from tests.simulator import Simulator, simulator_process

# A fifth of the requests goes wrong, in every way that a gateway has.
FAULTS: list[dict[str, Any]] = [
    {"fault": "reset", "probability": 0.04},
    {"fault": "reset", "delivered": False, "probability": 0.03},
    {"fault": "status", "status": 502, "delivered": True, "probability": 0.03},
    {"fault": "garbage", "probability": 0.03},
    {"fault": "late", "seconds": 8, "probability": 0.03},
    {"fault": "status", "status": 500, "code": "WHATSAPP_ERROR", "probability": 0.03},
    {"fault": "status", "status": 400, "code": "VALIDATION", "probability": 0.02},
    {"fault": "callbacks", "acks": [{"ack": "read", "times": 3}, "server"], "before_response": True, "every": 9},
]


class Provider(Protocol):
    base_url: str

    def misbehave(self) -> None: ...

    def behave(self) -> None: ...

    def wait_until_quiet(self) -> None: ...

    def ledger(self) -> list[Delivered]: ...

    def bad_answers(self) -> int | None:
        """How many sends were answered badly so far; None where nobody counts."""


class _Simulator:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.base_url = simulator.base_url

    def misbehave(self) -> None:
        self._simulator.add_faults(*FAULTS)

    def behave(self) -> None:
        self._simulator.clear_faults()

    def wait_until_quiet(self) -> None:
        self._simulator.wait_until_quiet()

    def ledger(self) -> list[Delivered]:
        return ledger_of(self._simulator)

    def bad_answers(self) -> int | None:
        return None


class _Second:
    def __init__(self, provider: SecondProvider, base_url: str) -> None:
        self._provider = provider
        self.base_url = base_url

    def misbehave(self) -> None:
        self._provider.misbehaving = True

    def behave(self) -> None:
        self._provider.misbehaving = False

    def wait_until_quiet(self) -> None:
        end = time.monotonic() + 30
        while not self._provider.is_quiet() and time.monotonic() < end:
            time.sleep(0.1)
        if self._provider.callbacks is not None:
            self._provider.callbacks.stop()

    def ledger(self) -> list[Delivered]:
        return self._provider.ledger()

    def bad_answers(self) -> int | None:
        return self._provider.done.total()


@contextlib.contextmanager
def simulator(tenants: Sequence[str], *, callbacks: str, seed: int) -> Iterator[Provider]:
    told = ("--callback-url", callbacks.format(session="{cliente_id}"), "--callback-secret", SECRET)
    with simulator_process(*told, "--latency", "0.1", "1.0", tenants=tuple(tenants)) as running:
        yield _Simulator(running)


@contextlib.contextmanager
def second(tenants: Sequence[str], *, callbacks: str, seed: int) -> Iterator[Provider]:
    # What stops a line until a person looks is tried without chaos: here nobody looks.
    pool = [bad for bad in ALL if not bad.stops_the_line]
    provider = SecondProvider(tenants, seed=seed, share=0.25, pool=pool, latency=1.0)
    provider.misbehaving = False
    provider.callbacks = Callbacks(callbacks, secret=SECRET, seed=seed)
    with serving(provider) as base_url:
        yield _Second(provider, base_url)


PROVIDERS: Mapping[str, Callable[..., contextlib.AbstractContextManager[Provider]]] = {
    "simulator": simulator,
    "second": second,
}
