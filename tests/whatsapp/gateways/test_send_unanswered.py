"""No answer, or one that does not end: unknown once the request left, and never past the deadline."""

from __future__ import annotations

import socket
import time

import pytest

from tests.simulator import Simulator
from tests.whatsapp.gateways.far_side import answering, far_side, read_request, reset
from tests.whatsapp.gateways.refusals import HELD, UNKNOWN, decision, gateway_at, refusal
from whatsapp.gateways.base import GatewayError, Outcome, Scope
from whatsapp.gateways.session_manager import SessionManagerGateway

# --- No answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_connection_lost_after_the_request_left_is_unknown(simulator: Simulator, fault: str) -> None:
    simulator.add_faults({"fault": fault})
    error = refusal(simulator.gateway())
    assert decision(error) == (*UNKNOWN, "CONNECTION_LOST", False)
    assert len(simulator.delivered()) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_failure_status_after_acceptance_is_unknown(simulator: Simulator, status: int) -> None:
    simulator.add_faults({"fault": "status", "status": status, "delivered": True, "body": "<h1>Bad gateway</h1>"})
    assert decision(refusal(simulator.gateway())) == (*UNKNOWN, "GATEWAY_ERROR", False)
    assert len(simulator.delivered()) == 1


def test_connection_reset_before_it_was_read_is_unknown(simulator: Simulator) -> None:
    """Bytes may have left; the reset does not tell."""
    simulator.add_faults({"fault": "drop", "count": 1})
    assert refusal(simulator.gateway()).outcome is Outcome.UNKNOWN
    assert simulator.delivered() == []


def test_write_that_stalls_halfway_is_unknown() -> None:
    """Some bytes are out when the deadline comes; whoever has them may go on."""

    def script(connection: socket.socket) -> None:
        connection.recv(1)
        time.sleep(3)

    with far_side(script) as base_url:
        error, seconds = timed_refusal(gateway_at(base_url, send_timeout=1.5, token="x" * 14_000_000))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert 1.5 <= seconds < 3.5


def test_reset_in_the_middle_of_the_answer_is_unknown() -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok": true, "message')
        time.sleep(0.05)
        reset(connection)

    with far_side(script) as base_url:
        assert decision(refusal(gateway_at(base_url))) == (*UNKNOWN, "CONNECTION_LOST", False)


def test_answer_shorter_than_it_says_is_unknown() -> None:
    """The part that came parses well, and still is not the answer."""
    raw = b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"ok": true, "message_id": "x"}'
    with far_side(answering(raw)) as base_url:
        assert decision(refusal(gateway_at(base_url))) == (*UNKNOWN, "CONNECTION_LOST", False)


def test_refused_connection_is_proven_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert decision(refusal(gateway_at(f"http://127.0.0.1:{port}"))) == (*HELD, "UNREACHABLE", False)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://no-such-host.invalid:3011",
        "http://a..b:3011",
        f"http://{'x' * 70}.example:3011",
        "http://:0",
        "ftp://host",
        "x",
    ],
)
def test_address_that_leads_nowhere_is_proven_not_sent(base_url: str) -> None:
    assert decision(refusal(gateway_at(base_url))) == (*HELD, "UNREACHABLE", False)


def test_configuration_that_no_header_can_hold_is_proven_not_sent(simulator: Simulator) -> None:
    for changes in ({"tenant": "51\r\nX-Evil: 1"}, {"tenant": "ñandú日"}, {"token": "a\nb"}):
        assert decision(refusal(simulator.gateway(**changes))) == (*HELD, "UNREACHABLE", False)
    assert simulator.finished() == []


def test_tls_failure_is_proven_not_sent(simulator: Simulator) -> None:
    """An https address on a port that speaks plain HTTP."""
    error = refusal(gateway_at(simulator.base_url.replace("http://", "https://")))
    assert decision(error) == (*HELD, "UNREACHABLE", False)
    assert "TLS" in error.detail


def test_connect_timeout_is_proven_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full drops the connection attempts."""
    monkeypatch.setattr("whatsapp.gateways.session_manager.CONNECT_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _attempt in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            waiting.append(filler)
        started = time.monotonic()
        error = refusal(gateway_at(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        assert time.monotonic() - started < 3
        for filler in waiting:
            filler.close()
    assert decision(error) == (*HELD, "UNREACHABLE", False)


# --- The deadline -----------------------------------------------------------------------------------------------------


def timed_refusal(gateway: SessionManagerGateway) -> tuple[GatewayError, float]:
    started = time.monotonic()
    error = refusal(gateway)
    return error, time.monotonic() - started


def test_answer_after_the_deadline_is_unknown(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "late", "seconds": 5})
    error, seconds = timed_refusal(simulator.gateway(send_timeout=0.5))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert 0.5 <= seconds < 2.5
    assert len(simulator.delivered()) == 1


def test_no_answer_at_all_is_unknown_at_the_deadline(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "hang"})
    error, seconds = timed_refusal(simulator.gateway(send_timeout=0.5))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert 0.5 <= seconds < 2.5


def test_answer_that_drips_is_cut_at_the_deadline(simulator: Simulator) -> None:
    """The status line and the headers drip too, where a timeout for each read would never strike."""
    simulator.add_faults({"fault": "drip", "interval": 0.1})
    error, seconds = timed_refusal(simulator.gateway(send_timeout=0.7))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert 0.7 <= seconds < 2.7


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_body_that_drips_is_cut_at_the_deadline(head: bytes) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            connection.sendall(b" ")
            time.sleep(0.05)

    with far_side(script) as base_url:
        error, seconds = timed_refusal(gateway_at(base_url, send_timeout=0.5))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert 0.5 <= seconds < 2.5


def test_endless_interim_answers_are_cut_at_the_deadline() -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)

    with far_side(script) as base_url:
        error, seconds = timed_refusal(gateway_at(base_url, send_timeout=0.5))
    assert decision(error) == (*UNKNOWN, "TIMEOUT", False)
    assert seconds < 2.5


def test_endless_body_is_not_read_to_its_end() -> None:
    sent = 0

    def script(connection: socket.socket) -> None:
        nonlocal sent
        read_request(connection)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")
        while sent < 50_000_000:
            sent += connection.send(b"x" * 65536)

    with far_side(script) as base_url:
        error = refusal(gateway_at(base_url))
    assert decision(error) == (Outcome.UNKNOWN, Scope.SESSION, "WRONG_PATH", False)
    assert sent < 50_000_000
