"""The sessions of the simulated manager, and pairing against the clock."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Callable

from whatsapp.contract.clock import Clock
from whatsapp.contract.wire import CODE_LIVES, State

# What WhatsApp makes its codes to type of, and how many of them make one.
CODE_LETTERS = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
CODE_LENGTH = 8
CONNECTING_SECONDS = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    qr: str
    expires: float  # on the simulated clock


@dataclasses.dataclass(frozen=True, kw_only=True)
class TypedCode:
    text: str
    phone: str  # the only one that may type it
    expires: float


@dataclasses.dataclass(kw_only=True)
class Tenant:
    name: str
    state: State = State.DISCONNECTED
    phone: str = ""
    reason: str = ""  # why it is disconnected, as the callback tells
    can_send: bool = True  # false: "connected" but deaf
    linked: bool = False  # a phone is linked: opening it takes no code
    code: Code | None = None
    typed: TypedCode | None = None
    gives_up: float = 0.0  # when the pairing that is under way ends
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
        """Open it, pairing where no phone is linked; nothing changes for one that is ready or pairing already."""
        if tenant.state is State.DISCONNECTED:
            tenant.pairing = asyncio.create_task(self._open(tenant) if tenant.linked else self._pair(tenant))
            self._enter(tenant, State.CONNECTING)

    def scan(self, tenant: Tenant, *, phone: str = "") -> bool:
        """A phone reads the code, perhaps that of another number. False when there is none to read."""
        if tenant.code is None:
            return False
        tenant.phone = phone or tenant.phone
        self.set_state(tenant, State.READY)
        return True

    def type_code(self, tenant: Tenant, phone: str) -> TypedCode | None:
        """A new code to type on the phone of that number, instead of the one before; None when there is no pairing."""
        if tenant.code is None:
            return None
        text = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        tenant.typed = TypedCode(text=text, phone=phone, expires=tenant.gives_up)
        return tenant.typed

    def enter_code(self, tenant: Tenant, text: str) -> bool:
        """The phone that a code was made for types it. False when it is another code, or its time is over."""
        if tenant.typed is None or tenant.typed.text != text:
            return False
        return self.scan(tenant, phone=tenant.typed.phone)

    def unlink(self, tenant: Tenant) -> None:
        """Close it and forget its phone."""
        self.set_state(tenant, State.DISCONNECTED, reason="REQUESTED")
        tenant.linked, tenant.phone = False, ""

    async def _open(self, tenant: Tenant) -> None:
        await self._clock.sleep(CONNECTING_SECONDS)
        tenant.pairing = None
        self._enter(tenant, State.READY)

    async def _pair(self, tenant: Tenant) -> None:
        at = self._clock.time() + CONNECTING_SECONDS
        await self._clock.sleep_until(at)
        tenant.gives_up = at + sum(CODE_LIVES)
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
            tenant.linked = True
        if reason in _UNLINKED:
            tenant.linked = False
        if state is not State.AWAITING_QR:
            tenant.code = tenant.typed = None
        changed = (tenant.state, tenant.reason) != (state, reason)
        tenant.state, tenant.reason = state, reason
        if changed:
            self._changed(tenant)

    def _stop_pairing(self, tenant: Tenant) -> None:
        if tenant.pairing is not None:
            tenant.pairing.cancel()
            tenant.pairing = None


# WhatsApp took the link away, or there never was one.
_UNLINKED = {"LOGGED_OUT", "BANNED", "QR_EXPIRED"}


def _phone_of(name: str) -> str:
    """A made-up Argentine mobile number that is always the same for one session."""
    digits = sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 10**8
    return f"+54911{digits:08d}"
