"""The contract's routes, as docs/session-manager.openapi.yaml writes them. Who keeps the lines fills in the verbs."""

from __future__ import annotations

import abc
import datetime as dt
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from whatsapp.contract import wire
from whatsapp.contract.http import Reply, Request, html_reply, json_reply
from whatsapp.contract.wire import Line, Message, RequestRefusedError, error_reply

LineT = TypeVar("LineT", bound=Line)
Coded = tuple[str, dt.datetime]  # a code and when it ends, aware
Route = Callable[[Request, LineT], Awaitable[Reply]]


class ContractApp(abc.ABC, Generic[LineT]):
    """Reads requests, asks for what they want, and answers in the contract's shapes."""

    def __init__(self) -> None:
        # The capability that each route belongs to, if it is optional.
        self._routes: dict[tuple[str, str], tuple[str | None, Route[LineT] | None]] = {
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

    # --- What is answered for -------------------------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def capabilities(self) -> frozenset[str]: ...

    @property
    @abc.abstractmethod
    def token(self) -> str:
        """The bearer token that is required; empty: none is."""

    def named(self) -> tuple[str, str]:
        """Service and version, as /health tells them."""
        return wire.SERVICE, wire.VERSION

    @abc.abstractmethod
    def find(self, name: str) -> LineT | None: ...

    @abc.abstractmethod
    def code_to_scan(self, line: LineT) -> Coded | None: ...

    @abc.abstractmethod
    async def code_to_type(self, line: LineT, phone: str) -> Coded | None:
        """Raises RequestRefusedError when WhatsApp gives none."""

    @abc.abstractmethod
    async def connect(self, line: LineT) -> None: ...

    @abc.abstractmethod
    async def disconnect(self, line: LineT) -> None: ...

    @abc.abstractmethod
    async def logout(self, line: LineT) -> None: ...

    @abc.abstractmethod
    async def show_typing(self, line: LineT, phone: str, seconds: float) -> None: ...

    @abc.abstractmethod
    async def send(self, line: LineT, message: Message) -> Reply: ...

    @abc.abstractmethod
    async def lookup(self, line: LineT, client_message_id: str) -> Reply: ...

    async def let_through(self, route: str, tenant: str, reply: Reply) -> Reply:
        """The reply as it leaves; a simulator may spoil it. Of /send it is not asked: that one can spoil more."""
        return reply

    # --- Routing ----------------------------------------------------------------------------------------------------

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        try:
            if (request.method, request.path) == ("GET", "/health"):
                return await self.let_through("health", "", self._health())
            return await self._tenant_route(request)
        except RequestRefusedError as problem:
            return problem.reply

    async def _tenant_route(self, request: Request) -> Reply:
        path = "/messages/{}" if re.fullmatch(r"/messages/[^/]+", request.path) else request.path
        capability, route = self._routes.get((request.method, path), (None, None))
        if route is None or (capability is not None and capability not in self.capabilities):
            raise RequestRefusedError(_no_such_route(request))
        self._authenticate(request)
        name = wire.read_tenant(request)
        line = self.find(name)
        if line is None:
            raise RequestRefusedError(error_reply(404, "UNKNOWN_SESSION", "no session for this cliente_id"))
        reply = await route(request, line)
        return reply if path == "/send" else await self.let_through(request.path.split("/")[1], name, reply)

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if self.token and not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            raise RequestRefusedError(error_reply(401, "NOT_AUTHORISED", "missing or wrong bearer token"))

    # --- Routes -----------------------------------------------------------------------------------------------------

    def _health(self) -> Reply:
        service, version = self.named()
        return json_reply(
            {"ok": True, "service": service, "version": version, "capabilities": sorted(self.capabilities)}
        )

    async def _status(self, _request: Request, line: LineT) -> Reply:
        return json_reply({"ok": True, "cliente_id": line.name, **wire.state_of(line)})

    async def _qr_code(self, _request: Request, line: LineT) -> Reply:
        code = self.code_to_scan(line)
        if code is None:
            return wire.no_code(line)
        return json_reply({"ok": True, "cliente_id": line.name, "qr": code[0], "expires_at": wire.moment(code[1])})

    async def _qr(self, request: Request, line: LineT) -> Reply:
        code = self.code_to_scan(line)
        if code is None:
            return wire.no_code(line)
        return wire.qr_image(code[0], accept=request.headers.get("accept", ""))

    async def _pairing_code(self, request: Request, line: LineT) -> Reply:
        code = await self.code_to_type(line, wire.read_phone(request))
        if code is None:
            return wire.no_code(line)
        return json_reply({"ok": True, "cliente_id": line.name, "code": code[0], "expires_at": wire.moment(code[1])})

    async def _connect(self, _request: Request, line: LineT) -> Reply:
        await self.connect(line)
        return json_reply({"ok": True, "cliente_id": line.name, "state": line.state}, status=202)

    async def _disconnect(self, _request: Request, line: LineT) -> Reply:
        await self.disconnect(line)
        return json_reply({"ok": True, "cliente_id": line.name, "state": line.state})

    async def _logout(self, _request: Request, line: LineT) -> Reply:
        await self.logout(line)
        return json_reply({"ok": True, "cliente_id": line.name, "state": line.state})

    async def _presence(self, request: Request, line: LineT) -> Reply:
        phone, seconds = wire.read_typing(request)
        if not line.ready:
            return wire.not_ready(line)
        await self.show_typing(line, phone, seconds)
        return json_reply({"ok": True})

    async def _send(self, request: Request, line: LineT) -> Reply:
        return await self.send(line, wire.read_message(request, line.name))

    async def _lookup(self, request: Request, line: LineT) -> Reply:
        return await self.lookup(line, request.path.removeprefix("/messages/"))


def _no_such_route(request: Request) -> Reply:
    """What a web framework says of a path it does not know: no word of the contract."""
    return html_reply(f"<!DOCTYPE html><pre>Cannot {request.method} this path</pre>", status=404)
