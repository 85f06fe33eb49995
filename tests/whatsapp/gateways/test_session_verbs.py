"""The verbs that send no message."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest

from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.messages import a_message
from whatsapp.gateways.base import (
    Capability,
    GatewayError,
    Outcome,
    Scope,
    SessionState,
    SessionStatus,
)
from whatsapp.simulator.settings import Settings


def test_health_tells_version_and_capabilities(simulator: Simulator) -> None:
    simulator.change_settings(version="1.4.2", capabilities=["lookup", "echo"])
    health = simulator.gateway().health()
    assert health.version == "1.4.2"
    assert health.capabilities == {Capability.LOOKUP, Capability.ECHO}


def test_health_of_an_older_manager_that_announces_nothing(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "garbage", "route": "health", "body": '{"ok": true}'})
    health = simulator.gateway().health()
    assert (health.version, health.capabilities) == ("", frozenset())


def test_capabilities_of_a_newer_manager_are_left_out(simulator: Simulator) -> None:
    body = '{"ok": true, "service": "session-manager", "version": "9.1", "capabilities": ["teleport", "echo", 7]}'
    simulator.add_faults({"fault": "garbage", "route": "health", "body": body})
    assert simulator.gateway().health().capabilities == {Capability.ECHO}


def test_health_of_another_program_is_a_wrong_path(simulator: Simulator) -> None:
    simulator.change_settings(service="billing")
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().health()
    assert caught.value.code == "WRONG_PATH"


def test_status_of_each_state(simulator: Simulator) -> None:
    gateway = simulator.gateway()
    simulator.set_tenant("51", phone="+5491155550000")
    assert gateway.status() == SessionStatus(state=SessionState.READY, can_send=True, phone="+5491155550000")
    simulator.set_tenant("51", state="DISCONNECTED")
    assert gateway.status() == SessionStatus(state=SessionState.DISCONNECTED, can_send=False, phone="+5491155550000")
    gateway.connect()
    assert gateway.status().state is SessionState.CONNECTING
    simulator.advance(1)
    assert gateway.status().state is SessionState.AWAITING_QR


def test_connected_but_deaf_session_is_not_ready(simulator: Simulator) -> None:
    simulator.set_tenant("51", can_send=False)
    status = simulator.gateway().status()
    assert status.state is SessionState.READY
    assert not status.ready


def test_number_as_cliente_id_is_the_same_tenant(simulator: Simulator) -> None:
    body = '{"ok": true, "cliente_id": 51, "state": "READY", "connected": true, "can_send_messages": true}'
    simulator.add_faults({"fault": "garbage", "route": "status", "body": body})
    assert simulator.gateway().status().ready


@pytest.mark.parametrize(
    "body",
    [
        '{"ok": true, "cliente_id": "52", "state": "READY", "can_send_messages": true}',
        '{"ok": true, "cliente_id": "51", "state": "SLEEPING", "can_send_messages": true}',
        '{"ok": true, "cliente_id": "51", "state": ["READY"], "can_send_messages": true}',
        "not json",
    ],
)
def test_status_that_cannot_be_trusted_is_an_error_of_the_session(simulator: Simulator, body: str) -> None:
    simulator.add_faults({"fault": "garbage", "route": "status", "body": body})
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().status()
    assert (caught.value.outcome, caught.value.scope, caught.value.code) == (
        Outcome.NOT_SENT,
        Scope.SESSION,
        "BAD_ANSWER",
    )


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "hang"}, "TIMEOUT"),
        ({"fault": "reset"}, "CONNECTION_LOST"),
        ({"fault": "status", "status": 502}, "GATEWAY_ERROR"),
    ],
)
def test_failed_question_concerns_the_session_and_speaks_of_no_message(
    simulator: Simulator, fault: dict[str, object], code: str
) -> None:
    simulator.add_faults({**fault, "route": "status"})
    with pytest.raises(GatewayError) as caught:
        simulator.gateway(call_timeout=0.3).status()
    assert (caught.value.outcome, caught.value.scope, caught.value.code) == (Outcome.NOT_SENT, Scope.SESSION, code)
    assert "mensaje" not in caught.value.detail


# --- Pairing ------------------------------------------------------------------------------------------------------


def test_no_pairing_code_for_a_paired_session(simulator: Simulator) -> None:
    assert simulator.gateway().pairing_code() is None


def test_pairing_code_with_its_expiry_and_then_the_scan(simulator: Simulator) -> None:
    simulator.set_tenant("51", state="DISCONNECTED")
    gateway = simulator.gateway()
    gateway.connect()
    assert gateway.pairing_code() is None
    simulator.advance(1)
    code = gateway.pairing_code()
    assert code is not None
    assert code.qr.startswith("2@")
    left = code.expires_at - dt.datetime.now(dt.UTC)
    assert dt.timedelta(seconds=50) < left <= dt.timedelta(seconds=60)
    simulator.scan("51")
    assert gateway.pairing_code() is None
    assert gateway.status().ready


@pytest.mark.parametrize(
    "body",
    [
        '{"ok": true, "qr": "x"}',
        '{"ok": true, "qr": "x", "expires_at": "2026-01-01T00:00:00"}',
        '{"ok": true, "qr": 7, "expires_at": "2026-01-01T00:00:00Z"}',
    ],
)
def test_pairing_code_without_a_usable_expiry_is_an_error(simulator: Simulator, body: str) -> None:
    simulator.add_faults({"fault": "garbage", "route": "qr-code", "body": body})
    with pytest.raises(GatewayError, match="no se entiende"):
        simulator.gateway().pairing_code()


def test_disconnect_closes_the_session(simulator: Simulator) -> None:
    gateway = simulator.gateway()
    gateway.disconnect()
    assert gateway.status().state is SessionState.DISCONNECTED


def test_manager_without_connect_says_so(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=Settings(capabilities=frozenset()))
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().connect()
    assert caught.value.code == "WRONG_PATH"


# --- What became of a message -------------------------------------------------------------------------------------


def test_lookup_finds_a_message_whose_answer_was_lost(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "reset"})
    gateway, message = simulator.gateway(), a_message()
    with pytest.raises(GatewayError):
        gateway.send(message)
    found = gateway.lookup(message.client_message_id)
    assert found is not None
    assert found.message_id == simulator.delivered()[0]["message_id"]


def test_lookup_of_a_message_that_never_arrived_is_none(simulator: Simulator) -> None:
    assert simulator.gateway().lookup(uuid.uuid4()) is None


def test_lookup_of_a_refused_message_is_none(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 500})
    gateway, message = simulator.gateway(), a_message()
    with pytest.raises(GatewayError):
        gateway.send(message)
    assert gateway.lookup(message.client_message_id) is None


def test_lookup_while_the_gateway_is_still_at_work_is_unknown(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "slow", "min": 30})
    gateway, message = simulator.gateway(send_timeout=0.3), a_message()
    with pytest.raises(GatewayError):
        gateway.send(message)
    with pytest.raises(GatewayError) as caught:
        gateway.lookup(message.client_message_id)
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "PENDING")
    simulator.advance(30)
    assert gateway.lookup(message.client_message_id) is not None


def test_lookup_of_a_message_refused_late_says_refused(simulator: Simulator) -> None:
    simulator.change_settings(acks=["server", "failed"])
    gateway, message = simulator.gateway(), a_message()
    gateway.send(message)
    simulator.wait_until_quiet()
    with pytest.raises(GatewayError) as caught:
        gateway.lookup(message.client_message_id)
    assert caught.value.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 404, "body": "<h1>Not found</h1>"},
        {"fault": "status", "status": 404},
        {"fault": "status", "status": 400},
        {"fault": "status", "status": 500},
        {"fault": "reset"},
        {"fault": "garbage"},
        {
            "fault": "garbage",
            "body": '{"ok": true, "client_message_id": "another", "message_id": "x", "status": "sent"}',
        },
    ],
)
def test_lookup_that_fails_proves_nothing(simulator: Simulator, fault: dict[str, object]) -> None:
    """A 404 of another program, for one, must not be read as "never seen"."""
    simulator.add_faults({**fault, "route": "messages"})
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().lookup(uuid.uuid4())
    assert caught.value.outcome is Outcome.UNKNOWN


def test_lookup_fails_on_an_unreachable_gateway_with_unknown(simulator: Simulator) -> None:
    with pytest.raises(GatewayError) as caught:
        simulator.gateway(base_url="http://127.0.0.1:9").lookup(uuid.uuid4())
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 3.5, 600.0])
def test_typing_is_asked_for_within_what_the_contract_takes(simulator: Simulator, seconds: float) -> None:
    simulator.gateway().show_typing("+5491123456789", seconds)


def test_typing_on_a_session_that_is_not_ready_fails(simulator: Simulator) -> None:
    simulator.set_tenant("51", state="DISCONNECTED")
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().show_typing("+5491123456789", 3.5)
    assert caught.value.code == "SESSION_NOT_READY"


def test_lookup_of_a_message_that_the_gateway_does_not_know_about_either_is_unknown(simulator: Simulator) -> None:
    wanted = uuid.uuid4()
    body = {"ok": True, "client_message_id": str(wanted), "status": "unknown"}
    simulator.add_faults({"fault": "garbage", "route": "messages", "body": json.dumps(body)})
    with pytest.raises(GatewayError) as caught:
        simulator.gateway().lookup(wanted)
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "OUTCOME_UNKNOWN")
