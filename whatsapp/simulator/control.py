"""/_control/…: how tests, and people with a browser, move the simulated world. docs/simulator.md lists the routes."""

from __future__ import annotations

import dataclasses
import html
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whatsapp.contract.http import Reply, Request, html_reply, json_reply
from whatsapp.contract.wire import RequestRefusedError, State, error_reply
from whatsapp.simulator.tenants import Tenant

if TYPE_CHECKING:
    from whatsapp.simulator.app import SessionManager


class Control:
    """One method per control route. Bodies are JSON; a browser's form works for the buttons of the page."""

    def __init__(self, world: SessionManager) -> None:
        self._world = world
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/_control/"): self._page,
            ("GET", "/_control/tenants"): lambda _request: self._tenants(),
            ("POST", "/_control/tenants"): self._set_tenant,
            ("DELETE", "/_control/tenants"): self._remove_tenant,
            ("POST", "/_control/scan"): self._scan,
            ("GET", "/_control/faults"): lambda _request: self._world.faults.as_json(),
            ("POST", "/_control/faults"): self._add_faults,
            ("PUT", "/_control/faults"): self._replace_faults,
            ("DELETE", "/_control/faults"): self._clear_faults,
            ("GET", "/_control/settings"): lambda _request: self._world.settings.as_json(),
            ("POST", "/_control/settings"): self._change_settings,
            ("GET", "/_control/ledger"): self._ledger,
            ("GET", "/_control/stats"): lambda _request: self._stats(),
            ("POST", "/_control/inbound"): self._inbound,
            ("POST", "/_control/callback"): self._callback,
        }

    async def handle(self, request: Request) -> Reply:
        try:
            if (request.method, request.path) == ("POST", "/_control/clock"):
                return json_reply(await self._advance(request))
            route = self._routes.get((request.method, request.path))
            if route is None:
                return error_reply(404, "NOT_FOUND", "no such control route")
            answer = route(request)
        except RequestRefusedError as problem:
            return problem.reply
        except (ValueError, TypeError, KeyError) as error:
            return error_reply(400, "VALIDATION", str(error))
        return answer if isinstance(answer, Reply) else json_reply(answer)

    # --- Sessions -----------------------------------------------------------------------------------------------

    def _tenants(self) -> list[dict[str, Any]]:
        return [_tenant_json(tenant) for tenant in self._world.tenants.all()]

    def _set_tenant(self, request: Request) -> dict[str, Any]:
        """Create a session or move it into a state; `can_send: false` makes it connected but deaf.

        Closed without a reason it has no phone linked, unless `linked` says so.
        """
        body = _object(request)
        tenant = self._world.tenants.get(body["tenant"])
        if tenant is None:
            tenant = self._world.tenants.add(body["tenant"], State(body.get("state", State.READY)))
        tenant.can_send = body.get("can_send", True)
        tenant.phone = body.get("phone", tenant.phone)
        if body.get("state") == State.AWAITING_QR:
            raise ValueError("AWAITING_QR comes by itself after POST /connect")
        if "state" in body:
            state, reason = State(body["state"]), body.get("reason", "")
            self._world.tenants.set_state(tenant, state, reason=reason)
            tenant.linked = body.get("linked", state is State.READY or (bool(reason) and tenant.linked))
        return _tenant_json(tenant)

    def _remove_tenant(self, request: Request) -> dict[str, Any]:
        self._world.tenants.remove(_object(request)["tenant"])
        return {"ok": True}

    def _scan(self, request: Request) -> Any:
        body = _object(request)
        tenant, tenants = self._tenant(body), self._world.tenants
        if "code" in body:
            read = tenants.enter_code(tenant, body["code"])
        else:
            read = tenants.scan(tenant, phone=body.get("phone", ""))
        if not read:
            return error_reply(409, "QR_NOT_AVAILABLE", "there is no such code to read now")
        return _tenant_json(tenant)

    def _tenant(self, body: dict[str, Any]) -> Tenant:
        tenant = self._world.tenants.get(body["tenant"])
        if tenant is None:
            raise RequestRefusedError(error_reply(404, "UNKNOWN_SESSION", "no session for this cliente_id"))
        return tenant

    # --- Faults, settings, time ---------------------------------------------------------------------------------

    def _add_faults(self, request: Request) -> Any:
        self._world.faults.add(_json(request))
        return self._world.faults.as_json()

    def _replace_faults(self, request: Request) -> Any:
        self._world.faults.replace(_json(request))
        return self._world.faults.as_json()

    def _clear_faults(self, _request: Request) -> Any:
        self._world.faults.replace([])
        return []

    def _change_settings(self, request: Request) -> Any:
        self._world.settings.change(_object(request))
        return self._world.settings.as_json()

    async def _advance(self, request: Request) -> Any:
        body = _object(request)
        await self._world.clock.advance(float(body["advance"]))
        return {"time": self._world.clock.time()}

    # --- What happened ------------------------------------------------------------------------------------------

    def _ledger(self, request: Request) -> Any:
        since, event = int(request.query.get("since", "0")), request.query.get("event")
        return list(self._world.ledger.entries(since=since, event=event))

    def _stats(self) -> dict[str, Any]:
        return {
            "in_flight": self._world.sending.in_flight,
            "most_in_flight": self._world.sending.most_in_flight,
            "callbacks": dataclasses.asdict(self._world.callbacks.counts),
        }

    # --- Callbacks ----------------------------------------------------------------------------------------------

    def _inbound(self, request: Request) -> dict[str, Any]:
        """Somebody writes to the session: {tenant, from: digits, text, lid?, type?, hidden?}."""
        body = _object(request)
        tenant = self._tenant(body)
        self._world.callbacks.inbound(tenant.name, inbound_data(body))
        return {"ok": True}

    def _callback(self, request: Request) -> dict[str, Any]:
        """Send `event` as it is: {tenant, event, times?, after?, signature?}; a signature given replaces the right one."""
        body = _object(request)
        for _time in range(int(body.get("times", 1))):
            self._world.callbacks.send(
                body["tenant"], body["event"], after=float(body.get("after", 0)), signature=body.get("signature")
            )
        return {"ok": True}

    def _page(self, _request: Request) -> Reply:
        return html_reply(page(self._world.tenants.all()))


def inbound_data(body: dict[str, Any]) -> dict[str, Any]:
    """The data of an inbound event from what the control route got."""
    data = {
        "message_id": f"false_{body['from']}@c.us_{os.urandom(9).hex().upper()}",
        "from": f"{body['lid']}@lid" if body.get("lid") else f"{body['from']}@c.us",
        "text": body["text"],
    }
    if body.get("lid") and not body.get("hidden"):
        data["from_phone"] = f"{body['from']}@c.us"
    if body.get("type"):
        data["type"] = body["type"]
    return data


def page(tenants: list[Tenant]) -> str:
    """A phone for people who try the product out: scan a code, cut a line."""
    rows = "".join(
        f"<tr><td>{html.escape(tenant.name)}</td><td>{tenant.state}</td><td>"
        f"<button data-route=scan data-tenant='{html.escape(tenant.name, quote=True)}'"
        f"{'' if tenant.code else ' disabled'}>Escanear el código</button> "
        f"<button data-route=tenants data-state=DISCONNECTED data-tenant='{html.escape(tenant.name, quote=True)}'>"
        "Desconectar</button></td></tr>"
        for tenant in tenants
    )
    return _PAGE.replace("{rows}", rows or "<tr><td colspan=3>No hay sesiones todavía.</td></tr>")


def _tenant_json(tenant: Tenant) -> dict[str, Any]:
    return {
        "tenant": tenant.name,
        "state": tenant.state,
        "can_send": tenant.can_send,
        "phone": tenant.phone,
        "qr": tenant.code.qr if tenant.code else None,
    }


def _json(request: Request) -> Any:
    return json.loads(request.body)


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if body is None:
        raise ValueError("the body must be a JSON object")
    return body


_PAGE = """<!DOCTYPE html>
<html lang="es"><head><meta charset="utf-8"><title>Teléfono simulado</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #1f2937 }
  table { border-collapse: collapse; width: 100% } td, th { padding: .5rem; border-bottom: 1px solid #e5e7eb; text-align: left }
  button { font: inherit; padding: .25rem .75rem }
</style></head><body>
<h1>Teléfono simulado</h1>
<p>Este programa hace de session manager: nada sale a WhatsApp. Desde aquí se escanea el código de una sesión,
como lo haría el teléfono, o se corta su línea.</p>
<table><thead><tr><th>cliente_id</th><th>Estado</th><th></th></tr></thead><tbody>{rows}</tbody></table>
<script>
  document.querySelectorAll("button").forEach(button => button.addEventListener("click", async () => {
    const {route, ...body} = button.dataset;
    await fetch("/_control/" + route, {method: "POST", body: JSON.stringify(body)});
    location.reload();
  }));
  setTimeout(() => location.reload(), 5000);
</script></body></html>
"""
