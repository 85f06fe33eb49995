"""The contract's routes, as docs/session-manager.openapi.yaml writes them."""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable

import segno

from whatsapp.simulator.callbacks import Callbacks
from whatsapp.simulator.clock import Clock
from whatsapp.simulator.control import Control
from whatsapp.simulator.faults import Faults, Kind
from whatsapp.simulator.http import Reply, Request, html_reply, json_reply
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.sending import CHAT_ID, Sending
from whatsapp.simulator.settings import Options, Settings, UnknownTenants
from whatsapp.simulator.tenants import State, Tenant, Tenants
from whatsapp.simulator.wire import RequestRefusedError, answer_with_fault, error_reply

MAX_TYPING = 60
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
_TENANT = re.compile(r"[\x21-\x7e]{1,64}")

TenantRoute = Callable[[Request, Tenant], Awaitable[Reply]]


class SessionManager:
    """The simulated world: sessions, faults, ledger and callbacks, with one method per route of the contract."""

    def __init__(self, options: Options, settings: Settings) -> None:
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
        # The capability that each route belongs to, if it is optional.
        self._routes: dict[tuple[str, str], tuple[str | None, TenantRoute | None]] = {
            ("GET", "/status"): (None, self._status),
            ("GET", "/qr"): (None, self._qr),
            ("GET", "/qr-code"): (None, self._qr_code),
            ("POST", "/send"): (None, self._send),
            ("POST", "/connect"): ("connect", self._connect),
            ("POST", "/disconnect"): ("disconnect", self._disconnect),
            ("POST", "/logout"): ("logout", self._logout),
            ("POST", "/pairing-code"): ("pairing_code", self._pairing_code),
            ("POST", "/presence"): ("presence", self._presence),
            ("GET", "/messages/{}"): ("lookup", self._lookup),
        }

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
        try:
            if (request.method, request.path) == ("GET", "/health"):
                return await self._with_fault("health", "", self._health())
            return await self._tenant_route(request)
        except RequestRefusedError as problem:
            return problem.reply

    async def _tenant_route(self, request: Request) -> Reply:
        path = "/messages/{}" if re.fullmatch(r"/messages/[^/]+", request.path) else request.path
        capability, route = self._routes.get((request.method, path), (None, None))
        if route is None or (capability is not None and capability not in self.settings.capabilities):
            raise RequestRefusedError(_no_such_route(request))
        if self.settings.token and request.headers.get("authorization") != f"Bearer {self.settings.token}":
            raise RequestRefusedError(error_reply(401, "NOT_AUTHORISED", "missing or wrong bearer token"))
        tenant = self._tenant(request)
        if path == "/send":  # meets its faults between accepting and answering
            return await route(request, tenant)
        return await self._with_fault(request.path.split("/")[1], tenant.name, await route(request, tenant))

    def _tenant(self, request: Request) -> Tenant:
        name = request.headers.get("x-cliente-id", "")
        if not _TENANT.fullmatch(name):
            raise RequestRefusedError(error_reply(400, "VALIDATION", "header X-Cliente-Id is required"))
        tenant = self.tenants.get(name)
        if tenant is not None:
            return tenant
        if self.settings.unknown_tenants is UnknownTenants.REFUSE:
            raise RequestRefusedError(error_reply(404, "UNKNOWN_SESSION", "no session for this cliente_id"))
        ready = self.settings.unknown_tenants is UnknownTenants.READY
        return self.tenants.add(name, State.READY if ready else State.DISCONNECTED)

    async def _with_fault(self, route: str, tenant: str, reply: Reply) -> Reply:
        fault = self.faults.pick(route=route, tenant=tenant)
        if fault is None:
            return reply
        if fault.kind is Kind.SLOW:
            await self.clock.sleep(self.faults.uniform(fault.min, fault.max))
            return reply
        return await answer_with_fault(fault, reply, clock=self.clock)

    # --- Routes -------------------------------------------------------------------------------------------------

    def _health(self) -> Reply:
        return json_reply(
            {
                "ok": True,
                "service": self.settings.service,
                "version": self.settings.version,
                "capabilities": sorted(self.settings.capabilities),
            }
        )

    async def _status(self, _request: Request, tenant: Tenant) -> Reply:
        return json_reply({"ok": True, "cliente_id": tenant.name, **_state(tenant)})

    async def _qr_code(self, _request: Request, tenant: Tenant) -> Reply:
        if tenant.code is None:
            return error_reply(409, "QR_NOT_AVAILABLE", "there is no code to scan now")
        return json_reply(
            {
                "ok": True,
                "cliente_id": tenant.name,
                "qr": tenant.code.qr,
                "expires_at": self._moment(tenant.code.expires),
            }
        )

    async def _qr(self, request: Request, tenant: Tenant) -> Reply:
        if tenant.code is None:
            return error_reply(409, "QR_NOT_AVAILABLE", "there is no code to scan now")
        image = io.BytesIO()
        svg = "image/svg+xml" in request.headers.get("accept", "")
        segno.make(tenant.code.qr, error="l").save(image, kind="svg" if svg else "png", scale=6, border=3)
        return Reply(
            body=image.getvalue(),
            content_type="image/svg+xml" if svg else "image/png",
            headers={"Cache-Control": "no-store"},
        )

    async def _connect(self, _request: Request, tenant: Tenant) -> Reply:
        self.tenants.connect(tenant)
        return json_reply({"ok": True, "cliente_id": tenant.name, "state": tenant.state}, status=202)

    async def _disconnect(self, _request: Request, tenant: Tenant) -> Reply:
        self.tenants.set_state(tenant, State.DISCONNECTED, reason="REQUESTED")
        return json_reply({"ok": True, "cliente_id": tenant.name, "state": tenant.state})

    async def _logout(self, _request: Request, tenant: Tenant) -> Reply:
        self.tenants.unlink(tenant)
        return json_reply({"ok": True, "cliente_id": tenant.name, "state": tenant.state})

    async def _pairing_code(self, request: Request, tenant: Tenant) -> Reply:
        phone = (request.json() or {}).get("phone")
        if not isinstance(phone, str) or not _PHONE.fullmatch(phone):
            return error_reply(400, "VALIDATION", "phone must be E.164")
        code = self.tenants.type_code(tenant, phone)
        if code is None:
            return error_reply(409, "QR_NOT_AVAILABLE", f"state is {tenant.state}")
        return json_reply(
            {"ok": True, "cliente_id": tenant.name, "code": code.text, "expires_at": self._moment(code.expires)}
        )

    async def _presence(self, request: Request, tenant: Tenant) -> Reply:
        body = request.json() or {}
        to, seconds = body.get("to"), body.get("seconds")
        if not isinstance(to, str) or not CHAT_ID.fullmatch(to):
            return error_reply(400, "VALIDATION", "to must be digits followed by @c.us")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_TYPING:
            return error_reply(400, "VALIDATION", f"seconds must be a number from 0 to {MAX_TYPING}")
        if not tenant.ready:
            return error_reply(409, "SESSION_NOT_READY", f"state is {tenant.state}")
        return json_reply({"ok": True})

    async def _send(self, request: Request, tenant: Tenant) -> Reply:
        return await self.sending.send(request, tenant)

    async def _lookup(self, request: Request, tenant: Tenant) -> Reply:
        return self.sending.lookup(request.path.removeprefix("/messages/"), tenant)

    def _moment(self, at: float) -> str:
        return self.clock.real_moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _announce(self, tenant: Tenant) -> None:
        if "callbacks" in self.settings.capabilities:
            self.callbacks.session_state(tenant.name, _state(tenant))


def _state(tenant: Tenant) -> dict[str, object]:
    state: dict[str, object] = {
        "state": tenant.state,
        "connected": tenant.state is State.READY,
        "can_send_messages": tenant.ready,
        "needs_qr": tenant.state is State.AWAITING_QR,
    }
    if tenant.phone:
        state["phone"] = tenant.phone
    if tenant.reason:
        state["reason"] = tenant.reason
    return state


def _no_such_route(request: Request) -> Reply:
    """What a web framework says of a path it does not know: no word of the contract."""
    return html_reply(f"<!DOCTYPE html><pre>Cannot {request.method} this path</pre>", status=404)
