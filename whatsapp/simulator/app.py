"""The contract's routes over a simulated world."""

from __future__ import annotations

import datetime as dt

from whatsapp.contract import wire
from whatsapp.contract.app import Coded, ContractApp
from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Reply, Request
from whatsapp.contract.wire import Message, State
from whatsapp.simulator.callbacks import Callbacks
from whatsapp.simulator.control import Control
from whatsapp.simulator.faults import Faults, Kind
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.sending import Sending
from whatsapp.simulator.settings import Options, Settings, UnknownTenants
from whatsapp.simulator.spoiling import answer_with_fault
from whatsapp.simulator.tenants import Tenant, Tenants


class SessionManager(ContractApp[Tenant]):
    """The simulated world: sessions, faults, ledger and callbacks, with one method per verb of the contract."""

    def __init__(self, options: Options, settings: Settings) -> None:
        super().__init__()
        self.options = options
        self.settings = settings
        self.clock = Clock(speed=options.speed)
        self.faults = Faults(seed=options.seed)
        self.ledger = Ledger(options.ledger)
        self.callbacks = Callbacks(self.clock, url=options.callback_url, secret=options.callback_secret)
        self.tenants = Tenants(self.clock, changed=self._announce, auto_scan=options.auto_scan)
        self.sending = Sending(
            clock=self.clock,
            settings=settings,
            faults=self.faults,
            ledger=self.ledger,
            callbacks=self.callbacks,
            tenants=self.tenants,
        )
        self._control = Control(self)

    def drops_connection(self) -> bool:
        return self.faults.pick(route="connection") is not None

    def start(self) -> None:
        """Sessions that are there from the beginning. Must run inside the event loop."""
        for name in self.options.tenants:
            self.tenants.add(name, State.READY)

    async def stop(self) -> None:
        await self.callbacks.stop()
        self.ledger.close()

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        if request.path.startswith("/_control"):
            return await self._control.handle(request)
        return await super().handle(request)

    async def let_through(self, route: str, tenant: str, reply: Reply) -> Reply:
        fault = self.faults.pick(route=route, tenant=tenant)
        if fault is None:
            return reply
        if fault.kind is Kind.SLOW:
            await self.clock.sleep(self.faults.uniform(fault.min, fault.max))
            return reply
        return await answer_with_fault(fault, reply, clock=self.clock)

    # --- The contract's verbs -----------------------------------------------------------------------------------

    @property
    def capabilities(self) -> frozenset[str]:
        return self.settings.capabilities

    @property
    def token(self) -> str:
        return self.settings.token

    def named(self) -> tuple[str, str]:
        return self.settings.service, self.settings.version

    def find(self, name: str) -> Tenant | None:
        tenant = self.tenants.get(name)
        if tenant is not None or self.settings.unknown_tenants is UnknownTenants.REFUSE:
            return tenant
        ready = self.settings.unknown_tenants is UnknownTenants.READY
        return self.tenants.add(name, State.READY if ready else State.DISCONNECTED)

    def code_to_scan(self, tenant: Tenant) -> Coded | None:
        return None if tenant.code is None else (tenant.code.qr, self._moment(tenant.code.expires))

    async def code_to_type(self, tenant: Tenant, phone: str) -> Coded | None:
        code = self.tenants.type_code(tenant, phone)
        return None if code is None else (code.text, self._moment(code.expires))

    async def connect(self, tenant: Tenant) -> None:
        self.tenants.connect(tenant)

    async def disconnect(self, tenant: Tenant) -> None:
        self.tenants.set_state(tenant, State.DISCONNECTED, reason="REQUESTED")

    async def logout(self, tenant: Tenant) -> None:
        self.tenants.unlink(tenant)

    async def show_typing(self, tenant: Tenant, phone: str, seconds: float) -> None:
        """Nobody looks."""

    async def send(self, tenant: Tenant, message: Message) -> Reply:
        return await self.sending.send(message, tenant)

    async def lookup(self, tenant: Tenant, client_message_id: str) -> Reply:
        return self.sending.lookup(client_message_id, tenant)

    def _moment(self, at: float) -> dt.datetime:
        return self.clock.real_moment(at)

    def _announce(self, tenant: Tenant) -> None:
        if "callbacks" in self.settings.capabilities:
            self.callbacks.session_state(tenant.name, wire.state_of(tenant))
