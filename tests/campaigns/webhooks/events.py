"""What a gateway calls back with, signed as it signs."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

SECRET = "solo-nuestro"


def event(name: str, data: dict[str, Any], *, tenant: str = "51", at: dt.datetime | None = None) -> dict[str, Any]:
    moment = (at or timezone.now()).isoformat()
    return {"id": f"evt_{uuid.uuid4().hex}", "event": name, "cliente_id": tenant, "at": moment, "data": data}


def ack(kind: str, *, message_id: str = "m1", **data: Any) -> dict[str, Any]:
    return event("message.ack", {"message_id": message_id, "ack": kind, **data})


def inbound(text: str, *, sender: str = "5493515550001@c.us", **data: Any) -> dict[str, Any]:
    return event("message.inbound", {"message_id": f"in-{uuid.uuid4().hex}", "from": sender, "text": text, **data})


def post(content: object, *, path: str = "/webhooks/session_manager/51/", secret: str = SECRET) -> int:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = Client(enforce_csrf_checks=True).post(
        path, body, content_type="application/json", headers={"X-Signature": signature}
    )
    # Whoever is refused learns nothing from the body.
    assert answer.content == b""
    return answer.status_code
