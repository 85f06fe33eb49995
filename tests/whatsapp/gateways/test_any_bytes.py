"""Whatever comes from the far side, a verb gives its value or a GatewayError; and a "sent" or "not sent" has proof."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.whatsapp.gateways.far_side import far_side, read_request
from whatsapp.gateways.base import GatewayConfig, GatewayError, OutboundMessage, Outcome, SendResult
from whatsapp.gateways.session_manager import SessionManagerGateway

VERBS: list[Callable[[SessionManagerGateway], object]] = [
    lambda gateway: gateway.health(),
    lambda gateway: gateway.status(),
    lambda gateway: gateway.pairing_code(),
    lambda gateway: gateway.connect(),
    lambda gateway: gateway.disconnect(),
    lambda gateway: gateway.lookup(uuid.UUID(int=7)),
    lambda gateway: gateway.show_typing("+5491123456789", 2),
    lambda gateway: gateway.send(
        OutboundMessage(phone="+5491123456789", text="hola", client_message_id=uuid.UUID(int=7))
    ),
]

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)
_fields = st.sampled_from(
    [
        "ok",
        "error",
        "code",
        "message_id",
        "client_message_id",
        "status",
        "state",
        "cliente_id",
        "qr",
        "expires_at",
        "version",
        "capabilities",
        "service",
        "can_send_messages",
        "phone",
        "whatsapp_code",
        "message",
    ]
)
_likely = st.dictionaries(
    _fields,
    _json
    | st.sampled_from([True, "51", "READY", "x", str(uuid.UUID(int=7)), "VALIDATION", "9999-12-31T23:59:59-23:59"]),
)
_bodies = st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), _likely | _json)
_statuses = st.sampled_from([200, 201, 204, 301, 400, 401, 404, 409, 422, 429, 463, 500, 502, 503]) | st.integers(
    0, 1200
)
_headers = st.lists(
    st.sampled_from(
        [
            b"Content-Encoding: gzip",
            b"Transfer-Encoding: chunked",
            b"Retry-After: Mon, 99 Foo",
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: x, y",
            b"Location: /send",
            b"Set-Cookie: a=b; expires=never",
        ]
    )
    | st.binary(max_size=40),
    max_size=4,
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Bytes from pure noise to nearly right answers."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=300))
    head = [f"HTTP/1.1 {draw(_statuses)} Whatever".encode(), *draw(_headers)]
    return b"\r\n".join(head) + b"\r\n\r\n" + draw(_bodies)


class FarSide:
    def __init__(self) -> None:
        self.raw = b""

    def __call__(self, connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(self.raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@pytest.fixture(scope="module")
def speaking() -> Iterator[tuple[FarSide, SessionManagerGateway]]:
    script = FarSide()
    with far_side(script) as base_url:
        config = GatewayConfig(
            kind="session_manager", base_url=base_url, tenant_id="51", send_timeout=2.0, call_timeout=2.0
        )
        yield script, SessionManagerGateway(config)


def told(call: Callable[[SessionManagerGateway], object], gateway: SessionManagerGateway) -> object:
    """What a verb gives, or the GatewayError that it raises; any other error passes."""
    try:
        return call(gateway)
    except GatewayError as error:
        return error


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=answers(), verb=st.sampled_from(VERBS))
def test_every_verb_gives_its_value_or_a_gateway_error(
    speaking: tuple[FarSide, SessionManagerGateway], raw: bytes, verb: Callable[[SessionManagerGateway], object]
) -> None:
    script, gateway = speaking
    script.raw = raw
    value = told(verb, gateway)
    if isinstance(value, GatewayError):
        assert value.code
        assert value.detail


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=answers())
def test_sent_and_not_sent_have_proof_in_the_bytes(speaking: tuple[FarSide, SessionManagerGateway], raw: bytes) -> None:
    """Anything that is not an orderly 3xx or 4xx, or a 500 in the contract's shape, leaves the message unknown."""
    script, gateway = speaking
    script.raw = raw
    value = told(VERBS[-1], gateway)
    if isinstance(value, SendResult):
        assert 200 <= value.http_status < 300
        assert json.dumps(value.message_id).encode() in raw
        return
    assert isinstance(value, GatewayError)
    if value.outcome is Outcome.UNKNOWN:
        return
    assert value.http_status is not None
    assert str(value.http_status).encode() in raw
    in_shape = b'"error"' in raw and b'"code"' in raw
    assert 300 <= value.http_status < 500 or value.http_status == 501 or (value.http_status == 500 and in_shape)
