"""Evolution API v2, as far as our client asks."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from whatsapp.contract.http import Reply, Request, json_reply
from whatsapp.contract.wire import RequestRefusedError
from whatsapp.simulator.faults import Ack
from whatsapp.simulator.vendors.emulator import Emulator, Sent

_SEND = re.compile(r"/message/sendText/([^/]+)")
_INSTANCE = re.compile(r"/instance/(connectionState|connect|restart|logout)/([^/]+)")
_STATUSES = {"failed": "ERROR", "server": "SERVER_ACK", "delivered": "DELIVERY_ACK", "read": "READ"}


class EvolutionEmulator(Emulator):
    """Lines are instances; their state is Evolution's (open, close, connecting)."""

    # Whether the router takes the POST of its own sources, or the PUT of its documentation.
    restarts_by = "POST"
    nobody: frozenset[str] = frozenset({"5490000000000"})

    def read_send(self, request: Request) -> Sent | None:
        found = _SEND.fullmatch(request.path)
        if request.path != "/":
            self._let_in(request)
        if found is None or request.method != "POST":
            return None
        self._known(found[1])
        body = request.json() or {}
        number = str(body.get("number"))
        if not number.isdecimal() or not isinstance(body.get("text"), str):
            raise RequestRefusedError(self.refused(400, 'instance requires property "number"'))
        if number in self.nobody:
            raise RequestRefusedError(_not_there(number))
        if self.lines[found[1]] != "open":
            raise RequestRefusedError(self.refused(500, "Connection Closed"))
        return Sent(line=found[1], phone=number, text=body["text"], client_message_id=None)

    def new_id(self, sent: Sent) -> str:
        return f"3EB0{secrets.token_hex(9).upper()}"

    def accepted(self, sent: Sent) -> Reply:
        key = {"remoteJid": f"{sent.phone}@s.whatsapp.net", "fromMe": True, "id": sent.message_id}
        told = {"key": key, "message": {"conversation": sent.text}, "messageTimestamp": str(int(time.time()))}
        return json_reply({**told, "status": "PENDING"}, status=201)

    def refused(self, status: int, code: str) -> Reply:
        if code == "exists":
            return _not_there("5491123456789")
        name = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}.get(status, "Internal Server Error")
        return json_reply({"status": status, "error": name, "response": {"message": [code or "…"]}}, status=status)

    def answer(self, request: Request) -> Reply:
        if request.path == "/":
            return json_reply({"status": 200, "message": "Welcome to the Evolution API", "version": "2.3.4"})
        found = _INSTANCE.fullmatch(request.path)
        if found is None:
            raise RequestRefusedError(self.refused(404, f"Cannot {request.method} {request.path}"))
        verb, line = found[1], found[2]
        self._known(line)
        match (request.method, verb):
            case ("GET", "connectionState"):
                return self._state(line)
            case ("GET", "connect"):
                return self._connect(line, request.query.get("number"))
            case (method, "restart") if method == self.restarts_by:
                self.lines[line] = "close"
                return self._state(line)
            case ("DELETE", "logout"):
                self.lines[line] = "close"
                return json_reply({"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}})
        raise RequestRefusedError(self.refused(404, f"Cannot {request.method} {request.path}"))

    def _state(self, line: str) -> Reply:
        return json_reply({"instance": {"instanceName": line, "state": self.lines[line]}})

    def _connect(self, line: str, number: str | None) -> Reply:
        if self.lines[line] == "open":
            return self._state(line)
        if self.lines[line] == "close":
            self.lines[line] = "connecting"
            return json_reply({"count": 0})
        typed = {"pairingCode": "WZYEH1YY"} if number else {}
        return json_reply({**typed, "code": "2@y8eK+bjtEjUWy9/FOM", "count": 1})

    def told(self, ack: Ack, sent: Sent) -> Any:
        data = {
            "keyId": ack.message_id or sent.message_id,
            "remoteJid": f"{sent.phone}@s.whatsapp.net",
            "fromMe": True,
            "status": _STATUSES[ack.ack],
        }
        return event(sent.line, "messages.update", data)

    def signed(self, body: bytes) -> dict[str, str]:
        return {"X-Webhook-Secret": self.options.secret}

    def _let_in(self, request: Request) -> None:
        if request.headers.get("apikey") != self.options.token:
            raise RequestRefusedError(self.refused(401, "Unauthorized"))

    def _known(self, line: str) -> None:
        if line not in self.lines:
            raise RequestRefusedError(self.refused(404, f'The "{line}" instance does not exist'))


def event(line: str, name: str, data: Any) -> dict[str, Any]:
    return {
        "event": name,
        "instance": line,
        "data": data,
        "date_time": "2026-02-07T11:00:00.000Z",
        "server_url": "http://localhost:8080",
    }


def _not_there(number: str) -> Reply:
    said = [{"exists": False, "jid": f"{number}@s.whatsapp.net", "number": number}]
    return json_reply({"status": 400, "error": "Bad Request", "response": {"message": said}}, status=400)
