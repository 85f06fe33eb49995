"""The sessions of the simulated manager, and pairing against the clock."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import secrets
from collections.abc import Callable

from whatsapp.contract.clock import Clock

# Seconds that each pairing code lives, as WhatsApp does it; after the last one the session gives up.
CODE_LIVES = (60.0, 20.0, 20.0, 20.0, 20.0, 20.0)
CONNECTING_SECONDS = 1.0


class State(enum.StrEnum):
    READY = "READY"
    CONNECTING = "CONNECTING"
    AWAITING_QR = "AWAITING_QR"
    DISCONNECTED = "DISCONNECTED"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    qr: str
    expires: float  # on the simulated clock


@dataclasses.dataclass(kw_only=True)
class Tenant:
    name: str
    state: State = State.DISCONNECTED
    phone: str = ""
    reason: str = ""  # why it is disconnected, as the callback tells
    can_send: bool = True  # false: "connected" but deaf
    code: Code | None = None
    pairing: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        return self.state is State.READY and self.can_send


class Tenants:
    """All sessions by cliente_id. `changed` is called after every change of state."""

    def __init__(self, clock: Clock, *, changed: Callable[[Tenant], None], auto_scan: float | None) -> None:
        self._clock = clock
        self._changed = changed
        self._auto_scan = auto_scan
        self._tenants: dict[str, Tenant] = {}

    def get(self, name: str) -> Tenant | None:
        return self._tenants.get(name)

    def all(self) -> list[Tenant]:
        return list(self._tenants.values())

    def add(self, name: str, state: State) -> Tenant:
        """A new session, or the one that is there, in that state."""
        tenant = self._tenants.setdefault(name, Tenant(name=name))
        self.set_state(tenant, state)
        return tenant

    def remove(self, name: str) -> None:
        tenant = self._tenants.pop(name, None)
        if tenant is not None:
            self._stop_pairing(tenant)

    def set_state(self, tenant: Tenant, state: State, *, reason: str = "") -> None:
        """Put the session into a state from outside; a running pairing ends."""
        self._stop_pairing(tenant)
        self._enter(tenant, state, reason=reason)

    def connect(self, tenant: Tenant) -> None:
        """Begin pairing; nothing changes for a session that is ready or pairing already."""
        if tenant.state is State.DISCONNECTED:
            tenant.pairing = asyncio.create_task(self._pair(tenant))
            self._enter(tenant, State.CONNECTING)

    def scan(self, tenant: Tenant) -> bool:
        """A phone reads the code. False when there is none to read."""
        if tenant.code is None:
            return False
        self.set_state(tenant, State.READY)
        return True

    async def _pair(self, tenant: Tenant) -> None:
        at = self._clock.time() + CONNECTING_SECONDS
        await self._clock.sleep_until(at)
        scan_at = None if self._auto_scan is None else at + self._auto_scan
        for life in CODE_LIVES:
            at += life
            tenant.code = Code(qr=f"2@{secrets.token_urlsafe(48)},{secrets.token_urlsafe(32)}", expires=at)
            self._enter(tenant, State.AWAITING_QR)
            if scan_at is not None and scan_at < at:
                await self._clock.sleep_until(scan_at)
                tenant.pairing = None  # this task: it must not cancel itself
                self.scan(tenant)
                return
            await self._clock.sleep_until(at)
        tenant.pairing = None
        tenant.code = None
        self._enter(tenant, State.DISCONNECTED, reason="QR_EXPIRED")

    def _enter(self, tenant: Tenant, state: State, *, reason: str = "") -> None:
        if state is State.READY:
            tenant.phone = tenant.phone or _phone_of(tenant.name)
        if state is not State.AWAITING_QR:
            tenant.code = None
        changed = (tenant.state, tenant.reason) != (state, reason)
        tenant.state, tenant.reason = state, reason
        if changed:
            self._changed(tenant)

    def _stop_pairing(self, tenant: Tenant) -> None:
        if tenant.pairing is not None:
            tenant.pairing.cancel()
            tenant.pairing = None


def _phone_of(name: str) -> str:
    """A made-up Argentine mobile number that is always the same for one session."""
    digits = sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 10**8
    return f"+54911{digits:08d}"
