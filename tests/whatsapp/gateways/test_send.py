"""Every row of "what the gateway's answer means", through real HTTP."""

from __future__ import annotations

import datetime as dt
import email.utils
import socket
import time
from typing import Any

import pytest

from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.gateways.far_side import far_side, read_request
from tests.whatsapp.gateways.refusals import HELD, NOT_SENT, REFUSED, UNKNOWN, decision, gateway_at, refusal
from tests.whatsapp.messages import a_message
from whatsapp.gateways import answers
from whatsapp.gateways.base import Outcome, Scope
from whatsapp.simulator.settings import Settings

# --- Accepted ---------------------------------------------------------------------------------------------------------


def test_accepted_message_comes_back_with_the_gateways_id(simulator: Simulator) -> None:
    message = a_message()
    result = simulator.gateway().send(message)
    (delivered,) = simulator.delivered()
    assert result.message_id == delivered["message_id"]
    assert result.http_status == 200
    assert f"http://{result.host}" == simulator.base_url
    assert delivered["to"] == "5491123456789@c.us"
    assert delivered["client_message_id"] == str(message.client_message_id)
    assert delivered["tenant"] == "51"


def test_trailing_slash_and_path_of_the_address_are_kept() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"ok": true, "message_id": "x"}')

    with far_side(script) as base_url:
        gateway_at(f"{base_url}/manager/").send(a_message())
    assert seen[0].startswith(b"POST /manager/send HTTP/1.1\r\n")


def test_every_send_has_a_connection_of_its_own(simulator: Simulator) -> None:
    """A kept connection may be dead already; its reset would prove nothing about the message."""
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"ok": true, "message_id": "x"}')
        assert connection.recv(1) == b""  # the client ends it, and sends no second request

    with far_side(script) as base_url:
        gateway = gateway_at(base_url)
        gateway.send(a_message())
        gateway.send(a_message())
    assert len(seen) == 2
    assert all(b"\r\nConnection: close\r\n" in request for request in seen)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nwrong",
        # Without a body the connection could be kept; urllib3 logs the odd header with the traceback.
        b"HTTP/1.1 204 No Content\r\nodd\r\n\r\n",
        b"no HTTP at all",
    ],
    ids=["long", "short", "empty", "odd"],
)
def test_connection_is_closed_as_soon_as_the_answer_is_judged(answer: bytes) -> None:
    """Also while somebody still holds the error, whose traceback holds everything."""
    ended: list[bytes] = []

    def script(connection: socket.socket) -> None:
        read_request(connection)
        try:
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            ended.append(connection.recv(1))
        except ConnectionError:
            ended.append(b"")

    with far_side(script) as base_url:
        held = refusal(gateway_at(base_url))
        end = time.monotonic() + 3
        while not ended and time.monotonic() < end:
            time.sleep(0.01)
    assert ended == [b""], f"still open after {held!r}"


# --- The table, on answers of the contract ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "needs_person"),
    [
        ({"status": 400}, REFUSED, "VALIDATION", False),
        ({"status": 422}, REFUSED, "VALIDATION", False),
        ({"status": 400, "code": "NOT_ON_WHATSAPP"}, REFUSED, "NOT_ON_WHATSAPP", False),
        ({"status": 422, "code": "NEW_WORD"}, REFUSED, "NEW_WORD", False),
        ({"status": 409}, HELD, "SESSION_NOT_READY", False),
        ({"status": 404}, HELD, "UNKNOWN_SESSION", False),
        ({"status": 429}, HELD, "RATE_LIMITED", False),
        ({"status": 401}, HELD, "NOT_AUTHORISED", True),
        ({"status": 403}, HELD, "NOT_AUTHORISED", True),
        ({"status": 403, "code": "LOGGED_OUT"}, HELD, "LOGGED_OUT", True),
        ({"status": 403, "code": "BANNED"}, HELD, "BANNED", True),
        ({"status": 500, "code": "LOGGED_OUT"}, HELD, "LOGGED_OUT", True),
        ({"status": 500, "code": "SESSION_NOT_READY"}, HELD, "SESSION_NOT_READY", False),
        ({"status": 500}, NOT_SENT, "WHATSAPP_ERROR", False),
        ({"status": 500, "code": "NEW_WORD"}, NOT_SENT, "NEW_WORD", False),
        (
            {"status": 400, "code": "FIRST_CONTACT_REFUSED"},
            (Outcome.REFUSED, Scope.COLD),
            "FIRST_CONTACT_REFUSED",
            False,
        ),
        ({"status": 500, "whatsapp_code": 463}, (Outcome.REFUSED, Scope.COLD), "FIRST_CONTACT_REFUSED", False),
        # A 409 of another kind may be "I have that one already": nobody knows.
        ({"status": 409, "code": "DUPLICATE"}, UNKNOWN, "DUPLICATE", False),
        # What comes from in between is never proof, whatever its body says.
        ({"status": 502, "code": "SESSION_NOT_READY"}, UNKNOWN, "GATEWAY_ERROR", False),
        ({"status": 503, "code": "VALIDATION"}, UNKNOWN, "GATEWAY_ERROR", False),
        ({"status": 504, "code": "RATE_LIMITED"}, UNKNOWN, "GATEWAY_ERROR", False),
    ],
    ids=lambda value: f"{value.get('status')}-{value.get('code', '')}" if isinstance(value, dict) else "",
)
def test_refusal_in_the_contracts_shape(
    simulator: Simulator, fault: dict[str, Any], outcome: tuple[Outcome, Scope], code: str, needs_person: bool
) -> None:
    simulator.add_faults({"fault": "status", **fault})
    error = refusal(simulator.gateway())
    assert decision(error) == (*outcome, code, needs_person)
    assert error.http_status == fault["status"]
    assert simulator.delivered() == []


# What each bare status says about the gateway's address. About the message none of them says anything.
BARE: dict[int, tuple[Scope, str]] = {
    300: (Scope.SESSION, "WRONG_PATH"),
    301: (Scope.SESSION, "WRONG_PATH"),
    302: (Scope.SESSION, "WRONG_PATH"),
    303: (Scope.SESSION, "WRONG_PATH"),
    307: (Scope.SESSION, "WRONG_PATH"),
    308: (Scope.SESSION, "WRONG_PATH"),
    400: (Scope.MESSAGE, "BAD_ANSWER"),
    401: (Scope.SESSION, "NOT_AUTHORISED"),
    402: (Scope.MESSAGE, "BAD_ANSWER"),
    403: (Scope.SESSION, "NOT_AUTHORISED"),
    404: (Scope.SESSION, "WRONG_PATH"),
    405: (Scope.SESSION, "WRONG_PATH"),
    407: (Scope.SESSION, "NOT_AUTHORISED"),
    408: (Scope.MESSAGE, "BAD_ANSWER"),
    409: (Scope.SESSION, "SESSION_NOT_READY"),
    410: (Scope.SESSION, "WRONG_PATH"),
    411: (Scope.SESSION, "WRONG_PATH"),
    413: (Scope.MESSAGE, "BAD_ANSWER"),
    415: (Scope.SESSION, "WRONG_PATH"),
    418: (Scope.MESSAGE, "BAD_ANSWER"),
    421: (Scope.SESSION, "WRONG_PATH"),
    422: (Scope.MESSAGE, "BAD_ANSWER"),
    426: (Scope.SESSION, "WRONG_PATH"),
    429: (Scope.SESSION, "RATE_LIMITED"),
    451: (Scope.MESSAGE, "BAD_ANSWER"),
    463: (Scope.COLD, "FIRST_CONTACT_REFUSED"),
    500: (Scope.MESSAGE, "GATEWAY_ERROR"),
    501: (Scope.SESSION, "WRONG_PATH"),
    502: (Scope.MESSAGE, "GATEWAY_ERROR"),
    503: (Scope.MESSAGE, "GATEWAY_ERROR"),
    504: (Scope.MESSAGE, "GATEWAY_ERROR"),
    599: (Scope.MESSAGE, "BAD_ANSWER"),
    999: (Scope.MESSAGE, "BAD_ANSWER"),
}


@pytest.mark.parametrize("status", BARE)
def test_status_with_a_body_that_is_not_the_contracts_is_a_doubt(simulator: Simulator, status: int) -> None:
    simulator.add_faults({"fault": "status", "status": status, "body": "<h1>Something else</h1>"})
    error = refusal(simulator.gateway())
    assert (error.outcome, error.scope, error.code, error.http_status) == (Outcome.UNKNOWN, *BARE[status], status)
    assert "no se sabe si el mensaje salió" in error.detail.lower() or error.code == "GATEWAY_ERROR"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"error": "yes", "code": "VALIDATION", "message": ""}',
        '{"error": true}',
        '{"error": true, "code": "VALIDATION"}',
        '{"error": true, "code": "bad request", "message": ""}',
        '{"error": true, "code": "", "message": ""}',
        '{"error": true, "code": 400, "message": ""}',
        '{"code": "VALIDATION", "message": ""}',
        "null",
        "[[[",
    ],
)
def test_half_of_the_contracts_shape_is_a_doubt(simulator: Simulator, status: int, body: str) -> None:
    simulator.add_faults({"fault": "status", "status": status, "body": body})
    assert refusal(simulator.gateway()).outcome is Outcome.UNKNOWN


def test_redirect_is_not_followed_and_is_a_doubt(simulator: Simulator) -> None:
    """Something answered after the whole message had left; a body in the contract's shape does not change that."""
    shape = '{"error": true, "code": "VALIDATION", "message": "moved"}'
    for body in ("", shape):
        simulator.add_faults(
            {
                "fault": "status",
                "status": 307,
                "body": body,
                "headers": {"Location": f"{simulator.base_url}/send"},
                "count": 1,
            }
        )
        assert decision(refusal(simulator.gateway())) == (Outcome.UNKNOWN, Scope.SESSION, "WRONG_PATH", False)
    assert simulator.delivered() == []


def test_rate_limit_tells_how_long_in_seconds(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 429, "retry_after": 120})
    assert refusal(simulator.gateway()).retry_after == 120


def test_rate_limit_tells_how_long_as_a_date(simulator: Simulator) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    simulator.add_faults({"fault": "status", "status": 429, "retry_after": email.utils.format_datetime(moment)})
    assert refusal(simulator.gateway()).retry_after == pytest.approx(600, abs=5)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_date_is_read_by_the_clock_that_wrote_it(hours: int) -> None:
    theirs = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    headers = {
        "date": email.utils.format_datetime(theirs, usegmt=True),
        "retry-after": email.utils.format_datetime(theirs + dt.timedelta(minutes=10), usegmt=True),
    }
    assert answers.retry_after(headers) == 600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("soon", None), ("-5", None), ("99999999", 86_400), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0), ("1e9", None)],
)
def test_rate_limit_with_an_odd_time(simulator: Simulator, value: str, seconds: float | None) -> None:
    simulator.add_faults({"fault": "status", "status": 429, "retry_after": value})
    assert refusal(simulator.gateway()).retry_after == seconds


def test_not_ready_session_holds_the_lane(simulator: Simulator) -> None:
    simulator.set_tenant("51", state="DISCONNECTED")
    assert decision(refusal(simulator.gateway())) == (*HELD, "SESSION_NOT_READY", False)


def test_unknown_session_is_told_from_a_wrong_path(simulator: Simulator) -> None:
    assert decision(refusal(simulator.gateway("52"))) == (*HELD, "UNKNOWN_SESSION", False)
    elsewhere = refusal(gateway_at(f"{simulator.base_url}/api"))
    assert (elsewhere.scope, elsewhere.code) == (Scope.SESSION, "WRONG_PATH")


def test_wrong_token_needs_a_person(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=Settings(token="right"))
    assert decision(refusal(simulator.gateway(token="wrong"))) == (*HELD, "NOT_AUTHORISED", True)
    assert simulator.gateway().send(a_message()).message_id


@pytest.mark.parametrize("phone", ["", "5491123456789", "+0123456789", "+54 911", "+549112345678901234", "+٥٤٩١١٢٣٤٥"])
def test_phone_that_is_not_e164_never_leaves(simulator: Simulator, phone: str) -> None:
    assert decision(refusal(simulator.gateway(), a_message(phone))) == (*REFUSED, "VALIDATION", False)
    assert simulator.finished() == []


# --- 2xx that is no proof ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"ok": true}', "NO_MESSAGE_ID"),
        ('{"ok": true, "message_id": ""}', "NO_MESSAGE_ID"),
        ('{"ok": true, "message_id": null}', "NO_MESSAGE_ID"),
        ('{"ok": true, "message_id": 7}', "BAD_ANSWER"),
        ('{"ok": true, "message_id": ["x"]}', "BAD_ANSWER"),
        ('{"ok": true, "message_id": "a b"}', "BAD_ANSWER"),
        ('{"ok": true, "message_id": "\\ud800"}', "BAD_ANSWER"),
        ('{"ok": true, "message_id": "' + "x" * 161 + '"}', "BAD_ANSWER"),
        ('{"ok": false, "message_id": "x"}', "BAD_ANSWER"),
        ('{"error": true, "code": "VALIDATION", "message": "", "message_id": "x"}', "BAD_ANSWER"),
        ('["message_id"]', "BAD_ANSWER"),
        ("", "BAD_ANSWER"),
        ("[" * 60_000, "BAD_ANSWER"),
        ('{"message_id": ' + "9" * 5000 + "}", "BAD_ANSWER"),
        ('{"ok": true, "message_id": "x", "pad": "' + "p" * 70_000 + '"}', "BAD_ANSWER"),
    ],
    ids=range(15),
)
def test_success_without_a_usable_id_is_unknown(simulator: Simulator, body: str, code: str) -> None:
    simulator.add_faults({"fault": "garbage", "body": body})
    error = refusal(simulator.gateway())
    assert (error.outcome, error.scope, error.code) == (*UNKNOWN, code)
    assert len(simulator.delivered()) == 1


def test_success_with_binary_garbage_is_unknown(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "garbage"})
    assert refusal(simulator.gateway()).outcome is Outcome.UNKNOWN


# --- What people and logs see -----------------------------------------------------------------------------------------


def test_errors_carry_no_personal_data(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 500, "code": "PHONE_5491123456789"})
    message = a_message()
    error = refusal(simulator.gateway(), message)
    for shown in (str(error), repr(error), error.code, repr(message), repr(simulator.config(token="secret-token"))):
        assert "1123456789" not in shown
        assert "Hola" not in shown
        assert "secret-token" not in shown


def test_proxies_and_netrc_of_the_environment_play_no_part(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    simulator.change_settings(token="right")
    assert simulator.gateway(token="right").send(a_message()).message_id
