"""Meta's Cloud API, as far as our client asks."""

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

_MESSAGES = re.compile(r"/v\d+\.\d+/(\d+)/messages")
_NUMBER = re.compile(r"/v\d+\.\d+/(\d+)")
_STATUSES = {"server": "sent", "delivered": "delivered", "read": "read", "failed": "failed"}
_PHONE = "5491155500000"


class MetaEmulator(Emulator):
    """Lines are phone number ids; their state is Meta's (CONNECTED, PENDING, BANNED…)."""

    def read_send(self, request: Request) -> Sent | None:
        found = _MESSAGES.fullmatch(request.path)
        if found is None or request.method != "POST":
            return None
        line = self._line(request, found[1])
        body = request.json() or {}
        phone = str(body.get("to", "")).removeprefix("+")
        kind = body.get("type")
        if body.get("messaging_product") != "whatsapp" or not phone.isdecimal() or kind not in {"text", "template"}:
            raise RequestRefusedError(self.refused(400, "100"))
        text = body["text"]["body"] if kind == "text" else f"template:{body['template']['name']}"
        return Sent(line=line, phone=phone, text=text, client_message_id=body.get("biz_opaque_callback_data"))

    def new_id(self, sent: Sent) -> str:
        return f"wamid.{secrets.token_urlsafe(32)}"

    def accepted(self, sent: Sent) -> Reply:
        return json_reply(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": f"+{sent.phone}", "wa_id": sent.phone}],
                "messages": [{"id": sent.message_id}],
            }
        )

    def refused(self, status: int, code: str) -> Reply:
        error = {"message": f"(#{code or 1}) as asked", "type": "OAuthException", "code": int(code or 1)}
        return json_reply({"error": {**error, "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam"}}, status=status)

    def answer(self, request: Request) -> Reply:
        found = _NUMBER.fullmatch(request.path)
        if found is None or request.method != "GET":
            raise RequestRefusedError(self.refused(400, "2500"))
        line = self._line(request, found[1])
        return json_reply(
            {
                "id": line,
                "display_phone_number": f"+{_PHONE}",
                "status": self.lines[line],
                "quality_rating": "GREEN",
                "messaging_limit_tier": "TIER_250",
            }
        )

    def told(self, ack: Ack, sent: Sent) -> Any:
        status: dict[str, Any] = {
            "id": ack.message_id or sent.message_id,
            "status": _STATUSES[ack.ack],
            "timestamp": str(int(time.time())),
            "recipient_id": sent.phone,
        }
        if sent.client_message_id is not None:
            status["biz_opaque_callback_data"] = sent.client_message_id
        if ack.ack == "failed":
            status["errors"] = [{"code": int(ack.error_code or 131026), "title": ack.error_text or "Undeliverable"}]
        return callback(sent.line, statuses=[status])

    def signed(self, body: bytes) -> dict[str, str]:
        digest = hmac.new(self.options.secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={digest}"}

    def _line(self, request: Request, line: str) -> str:
        if request.headers.get("authorization") != f"Bearer {self.options.token}":
            raise RequestRefusedError(self.refused(401, "190"))
        if line not in self.lines:
            raise RequestRefusedError(self.refused(400, "100"))
        return line


def callback(line: str, **told: Any) -> dict[str, Any]:
    """One change, as Meta wraps it."""
    metadata = {"display_phone_number": _PHONE, "phone_number_id": line}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **told}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}],
    }
