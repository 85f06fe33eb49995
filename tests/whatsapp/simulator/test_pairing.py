"""Pairing against the clock: 60 seconds for the first code, 20 for each of five more, then nothing."""

from __future__ import annotations

import pytest
import requests

from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.simulator.receiver import Receiver
from whatsapp.gateways.base import GatewayError, SessionState, SessionStatus, TypedCode
from whatsapp.simulator.settings import Settings, UnknownTenants


def state(simulator: Simulator) -> SessionState:
    return simulator.gateway().status().state


@pytest.fixture
def pairing(simulator: Simulator) -> Simulator:
    """A simulator whose session "51" shows its first code."""
    simulator.set_tenant("51", state="DISCONNECTED")
    simulator.gateway().connect()
    simulator.advance(1)
    return simulator


def qr(simulator: Simulator) -> str:
    code = simulator.gateway().pairing_code()
    assert code is not None
    return code.qr


def test_first_code_lives_sixty_seconds(pairing: Simulator) -> None:
    first = qr(pairing)
    pairing.advance(58)
    assert qr(pairing) == first
    pairing.advance(2)
    assert qr(pairing) != first


def test_later_codes_live_twenty_seconds_and_six_are_all(pairing: Simulator) -> None:
    codes = [qr(pairing)]
    pairing.advance(60)
    for _further in range(5):
        codes.append(qr(pairing))
        pairing.advance(18)
        assert qr(pairing) == codes[-1]
        pairing.advance(2)
    assert len(set(codes)) == 6
    assert state(pairing) is SessionState.DISCONNECTED
    assert pairing.gateway().pairing_code() is None


def test_a_jump_of_the_clock_lands_in_the_right_code(pairing: Simulator) -> None:
    pairing.advance(70)
    code = pairing.gateway().pairing_code()
    assert code is not None
    pairing.advance(9)
    assert qr(pairing) == code.qr
    pairing.advance(1.5)
    assert qr(pairing) != code.qr


def test_connecting_again_after_giving_up(pairing: Simulator) -> None:
    pairing.advance(161)
    assert state(pairing) is SessionState.DISCONNECTED
    pairing.gateway().connect()
    pairing.advance(1)
    assert qr(pairing)


def test_connecting_twice_keeps_the_code(pairing: Simulator) -> None:
    first = qr(pairing)
    pairing.gateway().connect()
    assert qr(pairing) == first


def test_scanned_code_makes_the_session_ready_for_good(pairing: Simulator) -> None:
    pairing.scan("51")
    assert pairing.gateway().status().ready
    pairing.advance(500)
    assert pairing.gateway().status().ready


def test_disconnecting_ends_the_pairing(pairing: Simulator) -> None:
    pairing.gateway().disconnect()
    pairing.advance(30)
    assert state(pairing) is SessionState.DISCONNECTED


def test_nothing_to_scan_once_paired(simulator: Simulator) -> None:
    with pytest.raises(AssertionError, match="QR_NOT_AVAILABLE"):
        simulator.scan("51")


def test_code_is_scanned_by_itself_on_request(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(auto_scan=65.0)
    simulator.set_tenant("51", state="DISCONNECTED")
    simulator.gateway().connect()
    simulator.advance(64)
    assert state(simulator) is SessionState.AWAITING_QR
    simulator.advance(2)
    assert simulator.gateway().status().ready


@pytest.mark.parametrize(
    ("accept", "kind", "start"), [("*/*", "image/png", b"\x89PNG"), ("image/svg+xml", "image/svg+xml", b"<?xml")]
)
def test_code_as_an_image(pairing: Simulator, accept: str, kind: str, start: bytes) -> None:
    answer = requests.get(f"{pairing.base_url}/qr", headers={"X-Cliente-Id": "51", "Accept": accept}, timeout=5)
    assert answer.headers["Content-Type"] == kind
    assert answer.content.startswith(start)


def test_every_change_of_state_is_called_back(start_simulator: StartSimulator, receiver: Receiver) -> None:
    simulator = start_simulator(callback_url=receiver.url, callback_secret="s", tenants=())
    simulator.set_tenant("51", state="READY", phone="+5491155550000")
    simulator.set_tenant("51", state="DISCONNECTED", reason="LOGGED_OUT")
    receiver.wait_for(2)
    simulator.gateway().connect()
    receiver.wait_for(3)
    simulator.advance(1)
    receiver.wait_for(4)
    simulator.scan("51")
    receiver.wait_for(5)
    events = sorted(receiver.events("session.state"), key=lambda event: event["at"])
    assert [event["data"]["state"] for event in events] == [
        "READY",
        "DISCONNECTED",
        "CONNECTING",
        "AWAITING_QR",
        "READY",
    ]
    assert events[1]["data"]["reason"] == "LOGGED_OUT"
    assert {callback.path for callback in receiver.callbacks} == {"/hooks/51/"}


# --- A code to type, and a phone that stays linked ------------------------------------------------------------------


def typed(simulator: Simulator, phone: str = "+5491155550000") -> TypedCode:
    code = simulator.gateway().typed_code(phone)
    assert code is not None
    return code


def test_a_code_to_type_links_the_phone_that_it_is_for(pairing: Simulator) -> None:
    code = typed(pairing)
    pairing.scan("51", code=code.code)
    assert pairing.gateway().status() == SessionStatus(state=SessionState.READY, can_send=True, phone="+5491155550000")
    assert pairing.gateway().typed_code("+5491155550000") is None


def test_a_code_to_type_outlives_the_code_to_scan_and_ends_with_the_pairing(pairing: Simulator) -> None:
    code = typed(pairing)
    pairing.advance(155)
    pairing.scan("51", code=code.code)
    pairing.gateway().logout()
    pairing.gateway().connect()
    pairing.advance(1)
    late = typed(pairing)
    pairing.advance(161)
    with pytest.raises(AssertionError, match="QR_NOT_AVAILABLE"):
        pairing.scan("51", code=late.code)


def test_the_next_code_replaces_the_one_before(pairing: Simulator) -> None:
    before, after = typed(pairing), typed(pairing)
    with pytest.raises(AssertionError, match="QR_NOT_AVAILABLE"):
        pairing.scan("51", code=before.code)
    pairing.scan("51", code=after.code)


def test_no_code_to_type_without_a_pairing_or_for_no_number(simulator: Simulator) -> None:
    assert simulator.gateway().typed_code("+5491155550000") is None
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().typed_code("15 5555 0000")
    assert caught.value.code == "VALIDATION"


def test_a_code_that_whatsapp_would_not_give_is_not_shown(pairing: Simulator) -> None:
    body = '{"ok": true, "code": "<b>OI0U</b>", "expires_at": "2030-01-01T00:00:00Z"}'
    pairing.add_faults({"fault": "garbage", "route": "pairing-code", "body": body})
    with pytest.raises(GatewayError) as caught:
        pairing.gateway().typed_code("+5491155550000")
    assert caught.value.code == "BAD_ANSWER"


def test_a_closed_session_opens_without_a_code_until_its_phone_is_unlinked(pairing: Simulator) -> None:
    pairing.scan("51")
    pairing.gateway().disconnect()
    pairing.gateway().connect()
    pairing.advance(1)
    assert pairing.gateway().status().ready
    pairing.gateway().logout()
    pairing.gateway().connect()
    pairing.advance(1)
    assert state(pairing) is SessionState.AWAITING_QR


@pytest.mark.parametrize(
    ("reason", "opens"), [("NETWORK", "READY"), ("LOGGED_OUT", "AWAITING_QR"), ("", "AWAITING_QR")]
)
def test_what_a_cut_line_needs_to_come_back(simulator: Simulator, reason: str, opens: str) -> None:
    simulator.set_tenant("51", state="DISCONNECTED", reason=reason)
    simulator.gateway().connect()
    simulator.advance(1)
    assert state(simulator) == opens


def test_another_phone_may_scan_the_code(pairing: Simulator) -> None:
    pairing.scan("51", phone="+5491199990000")
    assert pairing.gateway().status().phone == "+5491199990000"


# --- Sessions that nobody created ---------------------------------------------------------------------------------


def test_unknown_session_can_be_created_by_connecting(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=Settings(unknown_tenants=UnknownTenants.CREATE))
    gateway = simulator.gateway("new")
    assert gateway.status().state is SessionState.DISCONNECTED
    gateway.connect()
    simulator.advance(1)
    assert gateway.pairing_code() is not None


def test_unknown_session_can_be_ready_at_once(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=Settings(unknown_tenants=UnknownTenants.READY))
    assert simulator.gateway("new").status().ready
