"""Evolution API v2: what is asked of it, what its answers mean, and what its webhooks say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.whatsapp.messages import a_message
from tests.whatsapp.vendors.lines import at, opened
from whatsapp.gateways import registry
from whatsapp.gateways.base import Capability, GatewayConfig, GatewayError, Outcome, Scope, SessionState
from whatsapp.inbound import Content, Inbound
from whatsapp.receipts import (
    BadEvent,
    Event,
    MalformedError,
    NotAuthenticError,
    Receipt,
    ReceiptKind,
    SessionChange,
    parse_callback,
)
from whatsapp.simulator.vendors.emulator import Emulator
from whatsapp.simulator.vendors.evolution import EvolutionEmulator, event

Line = tuple[Emulator, GatewayConfig]
SECRET = "solo-nuestro"


@pytest.fixture
def evolution() -> Iterator[Line]:
    with at(registry.EVOLUTION) as line:
        yield line


def refusal(config: GatewayConfig, **message: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        opened(config).send(a_message(**message))
    return caught.value


def test_a_text_goes_out_without_a_delay_that_would_be_slept_inside(evolution: Line) -> None:
    emulator, config = evolution
    result = opened(config).send(a_message(text="Hola\nñ"))
    [delivered] = emulator.ledger.entries()
    assert result.message_id == delivered["message_id"]
    assert json.loads(emulator.seen[-1][0].body) == {"number": "5491123456789", "text": "Hola\nñ", "delay": 0}


def test_a_number_that_is_not_on_whatsapp_is_final(evolution: Line) -> None:
    emulator, config = evolution
    error = refusal(config, phone="+5490000000000")
    assert (error.outcome, error.scope, error.code) == (Outcome.REFUSED, Scope.MESSAGE, "NOT_ON_WHATSAPP")
    assert list(emulator.ledger.entries()) == []


@pytest.mark.parametrize(
    ("given", "code"), [({"token": "otra"}, "NOT_AUTHORISED"), ({"tenant_id": "nadie"}, "UNKNOWN_SESSION")]
)
def test_what_is_refused_at_the_door_did_not_leave(evolution: Line, given: dict[str, Any], code: str) -> None:
    _emulator, config = evolution
    with pytest.raises(GatewayError) as caught:
        opened(config, **given).send(a_message())
    assert (caught.value.outcome, caught.value.scope, caught.value.code) == (Outcome.NOT_SENT, Scope.SESSION, code)


@pytest.mark.parametrize(
    "fault",
    [
        # Whatever goes wrong while it sends becomes a 400, also after WhatsApp has the message.
        {"fault": "status", "status": 400, "code": "Error: Timed Out", "delivered": True},
        {"fault": "status", "status": 400, "body": '{"status": 400, "error": "x", "response": {}}', "delivered": True},
        {"fault": "status", "status": 400, "body": '{"exists": false}', "delivered": True},
        {"fault": "status", "status": 500, "code": "Connection Closed", "delivered": True},
        {"fault": "status", "status": 401, "body": "<html>proxy</html>", "delivered": True},
        {"fault": "status", "status": 504, "delivered": True},
        {"fault": "reset"},
        {"fault": "no_id"},
        {"fault": "garbage"},
        {"fault": "late", "seconds": 1},
    ],
)
def test_everything_else_is_a_doubt(evolution: Line, fault: dict[str, Any]) -> None:
    emulator, config = evolution
    emulator.faults.add(fault)
    with pytest.raises(GatewayError) as caught:
        opened(config, send_timeout=0.4).send(a_message())
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("open", SessionState.READY),
        ("connecting", SessionState.CONNECTING),
        ("close", SessionState.DISCONNECTED),
    ],
)
def test_its_states_are_ours(evolution: Line, word: str, state: SessionState) -> None:
    emulator, config = evolution
    emulator.lines[config.tenant_id] = word
    status = opened(config).status()
    assert (status.state, status.can_send) == (state, state is SessionState.READY)


def test_a_code_may_take_a_moment_and_can_be_typed_instead(evolution: Line) -> None:
    emulator, config = evolution
    gateway = opened(config)
    assert gateway.pairing_code() is None, "connected already"
    emulator.lines[config.tenant_id] = "close"
    gateway.connect()
    code, typed = gateway.pairing_code(), gateway.typed_code("+5491155500000")
    assert code is not None
    assert typed is not None
    assert (code.qr, typed.code) == ("2@y8eK+bjtEjUWy9/FOM", "WZYEH1YY")


@pytest.mark.parametrize("by", ["POST", "PUT"])
def test_one_that_hangs_is_started_anew_by_whichever_verb_the_server_takes(evolution: Line, by: str) -> None:
    emulator, config = evolution
    assert isinstance(emulator, EvolutionEmulator)
    emulator.restarts_by = by
    emulator.lines[config.tenant_id] = "connecting"
    opened(config).connect()
    restarts = [(r.method, reply.status) for r, reply in emulator.seen if "/restart/" in r.path]
    assert restarts == ([("POST", 200)] if by == "POST" else [("POST", 404), ("PUT", 200)])


def test_unlinking_is_what_it_can_and_closing_is_not(evolution: Line) -> None:
    emulator, config = evolution
    gateway = opened(config)
    with pytest.raises(GatewayError, match="desvincul"):
        gateway.disconnect()
    assert emulator.lines[config.tenant_id] == "open"
    gateway.logout()
    assert emulator.lines[config.tenant_id] == "close"
    assert gateway.health().version == "2.3.4"
    assert Capability.DISCONNECT not in gateway.health().capabilities


# --- What it calls back with -------------------------------------------------------------------------------------------


def read(content: object) -> list[Event | BadEvent]:
    return parse_callback(registry.EVOLUTION, json.dumps(content).encode(), {"X-Webhook-Secret": SECRET}, SECRET)


def update(status: str, **more: Any) -> dict[str, Any]:
    data = {"keyId": "3EB0ABC", "remoteJid": "5491123456789@s.whatsapp.net", "fromMe": True, "status": status}
    return event("ventas", "messages.update", {**data, **more})


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("ERROR", ReceiptKind.FAILED),
        ("SERVER_ACK", ReceiptKind.SERVER),
        ("DELIVERY_ACK", ReceiptKind.DELIVERED),
        ("READ", ReceiptKind.READ),
        ("PLAYED", ReceiptKind.READ),
    ],
)
def test_an_update_says_how_far_a_message_came(word: str, kind: ReceiptKind) -> None:
    [receipt] = read(update(word))
    assert isinstance(receipt, Receipt)
    assert (receipt.kind, receipt.message_id, receipt.tenant_id) == (kind, "3EB0ABC", "ventas")


@pytest.mark.parametrize(
    "content", [update("PENDING"), update("READ", fromMe=False), event("ventas", "presence.update", {})]
)
def test_what_says_nothing_is_left_out(content: object) -> None:
    assert read(content) == []


@pytest.mark.parametrize(
    ("data", "state", "reason", "phone"),
    [
        ({"state": "open", "wuid": "5491155500000@s.whatsapp.net"}, SessionState.READY, "", "+5491155500000"),
        ({"state": "close", "statusReason": 401}, SessionState.DISCONNECTED, "LOGGED_OUT", ""),
        ({"state": "close", "statusReason": 403}, SessionState.DISCONNECTED, "BANNED", ""),
        ({"state": "close", "statusReason": 428}, SessionState.DISCONNECTED, "", ""),
        ({"state": "connecting", "statusReason": 200}, SessionState.CONNECTING, "", ""),
    ],
)
def test_a_connection_tells_its_state_and_why_it_went(
    data: dict[str, Any], state: SessionState, reason: str, phone: str
) -> None:
    [change] = read(event("ventas", "connection.update", {"instance": "ventas", **data}))
    assert isinstance(change, SessionChange)
    assert (change.state, change.reason, change.phone) == (state, reason, phone)


def test_a_code_to_scan_is_a_state() -> None:
    [change] = read(event("ventas", "QRCODE_UPDATED", {"qrcode": {"code": "2@…", "base64": "…"}}))
    assert isinstance(change, SessionChange)
    assert change.state is SessionState.AWAITING_QR


def message(key: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"remoteJid": "5493515550001@s.whatsapp.net", "fromMe": False, "id": "AAA", **(key or {})}
    data = {"key": given, "message": {"conversation": "hola"}, "messageType": "conversation"}
    return event("ventas", "messages.upsert", {**data, "messageTimestamp": 1749416383, **more})


@pytest.mark.parametrize(
    ("content", "phone", "lid", "kind"),
    [
        (message(), "+5493515550001", "", Content.TEXT),
        (message({"remoteJid": "12345678901@lid"}), "", "12345678901", Content.TEXT),
        (
            message({"remoteJid": "12345678901@lid", "remoteJidAlt": "5493515550001@s.whatsapp.net"}),
            "+5493515550001",
            "12345678901",
            Content.TEXT,
        ),
        (
            message(messageType="extendedTextMessage", message={"extendedTextMessage": {"text": "hola"}}),
            "+5493515550001",
            "",
            Content.TEXT,
        ),
        (
            message(messageType="imageMessage", message={"imageMessage": {"caption": "hola"}}),
            "+5493515550001",
            "",
            Content.IMAGE,
        ),
    ],
)
def test_a_message_is_read_with_both_names_of_its_person(content: object, phone: str, lid: str, kind: Content) -> None:
    [inbound] = read(content)
    assert isinstance(inbound, Inbound)
    assert (inbound.phone, inbound.lid, inbound.content, inbound.text) == (phone, lid, kind, "hola")


@pytest.mark.parametrize(
    "content",
    [
        message({"fromMe": True}),
        message({"remoteJid": "1203630@g.us"}),
        message(messageType="reactionMessage", message={"reactionMessage": {"text": "👍"}}),
    ],
)
def test_groups_reactions_and_our_own_words_are_nobodys(content: object) -> None:
    assert read(content) == []


@pytest.mark.parametrize(
    "content", [[], {}, {"event": "messages.update", "instance": "x"}, update("READ", keyId=None), message({"id": ""})]
)
def test_what_is_not_as_documented_is_refused(content: object) -> None:
    with pytest.raises(MalformedError):
        read(content)


def test_one_bad_update_keeps_no_other_out() -> None:
    good, bad = update("READ")["data"], {"keyId": None, "status": "READ"}
    assert [type(each) for each in read(event("ventas", "messages.update", [bad, good]))] == [BadEvent, Receipt]


@pytest.mark.parametrize("secret", ["", "otro", "ñ"])
def test_only_who_has_the_secret_is_read(secret: str) -> None:
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.EVOLUTION, b"{}", {"X-Webhook-Secret": secret}, SECRET)
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.EVOLUTION, b"{}", {"X-Webhook-Secret": secret}, "")
