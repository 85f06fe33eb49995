"""Replies as a fault wants them."""

from __future__ import annotations

import dataclasses

from whatsapp.contract.clock import Clock
from whatsapp.contract.http import Delivery, Reply
from whatsapp.contract.wire import error_reply
from whatsapp.simulator.faults import Fault, Kind

# The code that goes with a status when a fault names only the status.
CODES = {
    400: "VALIDATION",
    401: "NOT_AUTHORISED",
    403: "NOT_AUTHORISED",
    404: "UNKNOWN_SESSION",
    409: "SESSION_NOT_READY",
    422: "VALIDATION",
    429: "RATE_LIMITED",
    500: "WHATSAPP_ERROR",
}
GATEWAY_PAGE = b"<html><body><h1>upstream trouble</h1></body></html>"


async def answer_with_fault(fault: Fault, reply: Reply, *, clock: Clock) -> Reply:
    """The reply that was due, as the fault lets it through. `seconds` pass first."""
    await clock.sleep(fault.seconds)
    match fault.kind:
        case Kind.RESET:
            return dataclasses.replace(reply, delivery=Delivery.RESET)
        case Kind.CLOSE:
            return dataclasses.replace(reply, delivery=Delivery.CLOSE)
        case Kind.HANG:
            return dataclasses.replace(reply, delivery=Delivery.HANG)
        case Kind.DRIP:
            return dataclasses.replace(reply, delivery=Delivery.DRIP, interval=fault.interval)
        case Kind.STATUS:
            return _status(fault)
        case Kind.GARBAGE:
            return Reply(body=_body(fault, b"\x00\xff<html>ok</html>"), content_type="text/html")
        case Kind.NO_ID:
            return Reply(body=_body(fault, b'{"ok": true}'))
        case _:
            return reply


def _status(fault: Fault) -> Reply:
    if fault.body is not None:
        return Reply(status=fault.status, body=_body(fault, b""), content_type="text/html", headers=fault.headers)
    code = fault.code or CODES.get(fault.status)
    if code is None:
        return Reply(status=fault.status, body=GATEWAY_PAGE, content_type="text/html", headers=fault.headers)
    return error_reply(
        fault.status, code, "as the fault asks", headers=fault.headers, whatsapp_code=fault.whatsapp_code
    )


def _body(fault: Fault, default: bytes) -> bytes:
    return default if fault.body is None else fault.body.encode("utf-8", "surrogatepass")
