"""Events as the contract writes them, their signature, and one POST of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import threading
import uuid
from typing import Any
from urllib.parse import quote

import requests

from whatsapp.contract.wire import moment

TIMEOUT = 10.0


def sign(body: bytes, secret: str) -> str:
    """The value of X-Signature: HMAC-SHA256 over the raw body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def event(name: str, tenant: str, data: dict[str, Any], *, at: dt.datetime | None = None) -> dict[str, Any]:
    """One event; without `at` it happens when it is sent."""
    told = None if at is None else moment(at)
    return {"id": f"evt_{uuid.uuid4().hex}", "event": name, "cliente_id": tenant, "at": told, "data": data}


class Poster:
    """Posts bodies to `url`, where {cliente_id} stands for the tenant. Threads may share it; each keeps a connection."""

    def __init__(self, *, url: str, secret: str) -> None:
        self.url = url
        self.secret = secret
        self._local = threading.local()

    def post(self, tenant: str, body: bytes, *, signature: str | None = None) -> int:
        """The status that came back; 0 when none did. A `signature` given replaces the right one."""
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        try:
            with session.post(
                self.url.replace("{cliente_id}", quote(tenant, safe="")),
                data=body,
                headers={"Content-Type": "application/json", "X-Signature": signature or sign(body, self.secret)},
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                return int(response.status_code)
        except requests.RequestException:
            return 0
