"""WAHA, as far as our client asks."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import Any

from whatsapp.contract.http import Reply, Request, json_reply
from whatsapp.contract.wire import RequestRefusedError
from whatsapp.simulator.faults import Ack
from whatsapp.simulator.vendors.emulator import Emulator, Sent

_SESSION = re.compile(r"/api/sessions/([A-Za-z0-9_-]+)(?:/(start|stop|restart|logout))?")
_AUTH = re.compile(r"/api/([A-Za-z0-9_-]+)/auth/(qr|request-code)")
_CHAT = re.compile(r"([1-9][0-9]{5,14})@c\.us", re.ASCII)
_ACKS = {"failed": -1, "server": 1, "delivered": 2, "read": 3}
_NAMES = {-1: "ERROR", 1: "SERVER", 2: "DEVICE", 3: "READ"}
_AFTER = {"start": "SCAN_QR_CODE", "stop": "STOPPED", "restart": "STARTING", "logout": "STOPPED"}
_ME = "5491155500000@c.us"


class WahaEmulator(Emulator):
    """Lines are sessions; their state is WAHA's (WORKING, STOPPED, SCAN_QR_CODE…)."""

    engine = "NOWEB"
    # Numbers (digits) that have no WhatsApp.
    nobody: frozenset[str] = frozenset({"5490000000000"})

    def read_send(self, request: Request) -> Sent | None:
        self._let_in(request)
        if (request.method, request.path) != ("POST", "/api/sendText"):
            return None
        body = request.json() or {}
        line, chat = str(body.get("session")), _CHAT.fullmatch(str(body.get("chatId")))
        self._known(line)
        if self.lines[line] != "WORKING":
            raise RequestRefusedError(self._not_expected(line, "WORKING"))
        if chat is None or not isinstance(body.get("text"), str):
            raise RequestRefusedError(self.refused(400, "chatId or text"))
        return Sent(line=line, phone=chat[1], text=body["text"], client_message_id=body.get("id"))

    def new_id(self, sent: Sent) -> str:
        return sent.client_message_id or f"3EB0{secrets.token_hex(9).upper()}"

    def accepted(self, sent: Sent) -> Reply:
        return json_reply({**_message(sent), "ack": 0, "ackName": "PENDING", "body": sent.text}, status=201)

    def refused(self, status: int, code: str) -> Reply:
        if status == 422:
            return self._not_expected("default", "WORKING")
        if status >= 500:
            wrapped = {"name": "Error", "message": code or "boom"}
            return json_reply({"statusCode": status, "timestamp": "…", "exception": wrapped}, status=status)
        return json_reply({"statusCode": status, "message": code or "as asked", "error": "…"}, status=status)

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/version":
            return json_reply({"version": "2026.9.2", "engine": self.engine, "tier": "CORE", "browser": None})
        if request.path == "/api/contacts/check-exists":
            phone = request.query["phone"]
            there = phone not in self.nobody
            return json_reply({"numberExists": there, **({"chatId": f"{phone}@c.us"} if there else {})})
        if request.path == "/api/startTyping":
            return json_reply({"result": True}, status=201)
        if request.path == "/api/sessions" and request.method == "POST":
            name = str((request.json() or {})["name"])
            self.lines[name] = "STARTING"
            return json_reply({"name": name, "status": "STARTING"}, status=201)
        if found := _AUTH.fullmatch(request.path):
            return self._auth(found[1], found[2])
        if found := _SESSION.fullmatch(request.path):
            return self._session(found[1], found[2])
        raise RequestRefusedError(self.refused(404, f"Cannot {request.method} {request.path}"))

    def _auth(self, line: str, what: str) -> Reply:
        self._known(line)
        if self.lines[line] != "SCAN_QR_CODE":
            return self._not_expected(line, "SCAN_QR_CODE")
        return json_reply({"value": "2@abc,def"}) if what == "qr" else json_reply({"code": "ABCD-1234"}, status=201)

    def _session(self, line: str, verb: str | None) -> Reply:
        self._known(line)
        if verb is not None:
            self.lines[line] = _AFTER[verb]
        me = {"id": _ME, "pushName": "Línea"} if self.lines[line] == "WORKING" else None
        told = {"name": line, "status": self.lines[line], "me": me, "engine": {"engine": self.engine}}
        return json_reply(told, status=200 if verb is None else 201)

    def told(self, ack: Ack, sent: Sent) -> Any:
        number = _ACKS[ack.ack]
        payload = {**_message(sent, ack.message_id), "ack": number, "ackName": _NAMES[number]}
        return event(sent.line, "message.ack", payload)

    def signed(self, body: bytes) -> dict[str, str]:
        digest = hmac.new(self.options.secret.encode(), body, hashlib.sha512).hexdigest()
        return {"X-Webhook-Hmac": digest, "X-Webhook-Hmac-Algorithm": "sha512"}

    def _let_in(self, request: Request) -> None:
        if request.headers.get("x-api-key") != self.options.token:
            raise RequestRefusedError(json_reply({"message": "Unauthorized", "statusCode": 401}, status=401))

    def _known(self, line: str) -> None:
        if line not in self.lines:
            raise RequestRefusedError(self.refused(404, "Session not found"))

    def _not_expected(self, line: str, expected: str) -> Reply:
        error = "Session status is not as expected. Try again later or restart the session"
        state = self.lines.get(line, "STOPPED")
        return json_reply({"error": error, "session": line, "status": state, "expected": [expected]}, status=422)


def event(line: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{secrets.token_hex(13)}",
        "timestamp": int(time.time() * 1000),
        "session": line,
        "engine": "NOWEB",
        "event": name,
        "payload": payload,
        "me": {"id": _ME, "pushName": "Línea"},
    }


def _message(sent: Sent, message_id: str | None = None) -> dict[str, Any]:
    chat = f"{sent.phone}@c.us"
    return {"id": f"true_{chat}_{message_id or sent.message_id}", "from": _ME, "to": chat, "fromMe": True}
