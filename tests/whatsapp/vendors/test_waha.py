"""WAHA: what is asked of it, what its answers mean, and what its webhooks say."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

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
from whatsapp.simulator.vendors.waha import WahaEmulator, event

Line = tuple[Emulator, GatewayConfig]
SECRET = "clave-hmac"
CHOSEN = frozenset({Capability.CHOSEN_ID})
# What WAHA's own description asks of the bodies that we send, in our words.
BODIES = json.loads((Path(__file__).parents[2] / "data" / "waha_requests.json").read_text("utf-8"))


@pytest.fixture
def waha() -> Iterator[Line]:
    with at(registry.WAHA) as line:
        yield line


def refusal(config: GatewayConfig, **message: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        opened(config).send(a_message(**message))
    return caught.value


def sent_bodies(emulator: Emulator) -> list[tuple[str, dict[str, Any]]]:
    return [(request.path, json.loads(request.body)) for request, _reply in emulator.seen if request.body]


def test_a_text_goes_out_under_the_id_that_we_chose(waha: Line) -> None:
    emulator, config = waha
    message = a_message()

    result = opened(config, capabilities=CHOSEN).send(message)

    [delivered] = emulator.ledger.entries()
    assert result.message_id == message.client_message_id.hex.upper() == delivered["message_id"]


def test_an_engine_that_takes_no_id_gives_its_own(waha: Line) -> None:
    emulator, config = waha
    result = opened(config).send(a_message())
    [delivered] = emulator.ledger.entries()
    assert delivered["client_message_id"] is None
    assert result.message_id == delivered["message_id"]
    assert result.message_id.startswith("3EB0")


def test_the_server_says_which_engine_takes_one(waha: Line) -> None:
    emulator, config = waha
    assert Capability.CHOSEN_ID in opened(config).health().capabilities
    assert isinstance(emulator, WahaEmulator)
    emulator.engine = "WEBJS"
    assert opened(config).health().capabilities.isdisjoint({Capability.CHOSEN_ID, Capability.ECHO, Capability.LOOKUP})


def test_who_is_not_on_whatsapp_is_refused_before_anything_leaves(waha: Line) -> None:
    emulator, config = waha
    error = refusal(config, phone="+5490000000000")
    assert (error.outcome, error.code) == (Outcome.REFUSED, "NOT_ON_WHATSAPP")
    assert list(emulator.ledger.entries()) == []


@pytest.mark.parametrize(
    ("state", "given", "outcome", "scope", "code"),
    [
        ("STOPPED", {}, Outcome.NOT_SENT, Scope.SESSION, "SESSION_NOT_READY"),
        ("WORKING", {"token": "otra"}, Outcome.NOT_SENT, Scope.SESSION, "NOT_AUTHORISED"),
        ("WORKING", {"tenant_id": "nadie"}, Outcome.NOT_SENT, Scope.SESSION, "UNKNOWN_SESSION"),
    ],
)
def test_what_is_refused_before_whatsapp_is_spoken_to_did_not_leave(
    waha: Line, state: str, given: dict[str, Any], outcome: Outcome, scope: Scope, code: str
) -> None:
    emulator, config = waha
    emulator.lines[config.tenant_id] = state
    with pytest.raises(GatewayError) as caught:
        opened(config, **given).send(a_message())
    assert (caught.value.outcome, caught.value.scope, caught.value.code) == (outcome, scope, code)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500, "delivered": True},
        {"fault": "status", "status": 500, "delivered": False},
        {"fault": "status", "status": 422, "body": '{"statusCode": 422, "message": "?"}', "delivered": True},
        {"fault": "status", "status": 400, "body": "<html>", "delivered": True},
        {"fault": "status", "status": 502, "delivered": True},
        {"fault": "reset"},
        {"fault": "no_id"},
        {"fault": "garbage"},
        {"fault": "late", "seconds": 1},
    ],
)
def test_everything_else_is_a_doubt(waha: Line, fault: dict[str, Any]) -> None:
    emulator, config = waha
    emulator.faults.add(fault)
    with pytest.raises(GatewayError) as caught:
        opened(config, send_timeout=0.4).send(a_message())
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("STOPPED", SessionState.DISCONNECTED),
        ("STARTING", SessionState.CONNECTING),
        ("SCAN_QR_CODE", SessionState.AWAITING_QR),
        ("PASSKEY_REQUIRED", SessionState.AWAITING_QR),
        ("WORKING", SessionState.READY),
        ("FAILED", SessionState.DISCONNECTED),
    ],
)
def test_its_states_are_ours(waha: Line, word: str, state: SessionState) -> None:
    emulator, config = waha
    emulator.lines[config.tenant_id] = word
    status = opened(config).status()
    assert (status.state, status.can_send) == (state, state is SessionState.READY)
    assert status.phone == ("+5491155500000" if word == "WORKING" else "")


def test_a_session_is_made_paired_stopped_and_unlinked(waha: Line) -> None:
    emulator, config = waha
    gateway = opened(config, tenant_id="nueva")
    gateway.connect()
    assert emulator.lines["nueva"] == "STARTING"
    assert gateway.pairing_code() is None
    gateway.connect()
    code = gateway.pairing_code()
    assert code is not None
    assert code.qr == "2@abc,def"
    assert code.expires_at > dt.datetime.now(dt.UTC)
    typed = gateway.typed_code("+5491155500000")
    assert typed is not None
    assert typed.code == "ABCD1234"
    gateway.disconnect()
    assert gateway.typed_code("+5491155500000") is None
    gateway.logout()
    gateway.show_typing("+5491123456789", 3)


def test_each_body_is_what_waha_takes(waha: Line) -> None:
    emulator, config = waha
    gateway = opened(config, capabilities=CHOSEN)
    gateway.send(a_message(text="Ñandú 🦤\n"))
    gateway.show_typing("+5491123456789", 3)
    emulator.lines["default"] = "SCAN_QR_CODE"
    gateway.typed_code("+5491155500000")
    opened(config, tenant_id="nueva").connect()
    bodies = sent_bodies(emulator)
    assert {path for path, _body in bodies} == set(BODIES)
    for path, body in bodies:
        assert list(Draft202012Validator(BODIES[path]).iter_errors(body)) == [], path


# --- What it calls back with -------------------------------------------------------------------------------------------


def read(content: object) -> list[Event | BadEvent]:
    body = json.dumps(content).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    return parse_callback(registry.WAHA, body, {"X-Webhook-Hmac": signature}, SECRET)


def ack(number: int, **more: Any) -> dict[str, Any]:
    message = {"id": "true_5491123456789@c.us_3EB0ABC", "from": "x@c.us", "fromMe": True, "ack": number}
    return {**event("default", "message.ack", {**message, **more}), "timestamp": 1749416383000}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (-1, ReceiptKind.FAILED),
        (1, ReceiptKind.SERVER),
        (2, ReceiptKind.DELIVERED),
        (3, ReceiptKind.READ),
        (4, ReceiptKind.READ),
    ],
)
def test_an_ack_names_the_message_by_the_end_of_its_id(number: int, kind: ReceiptKind) -> None:
    at_ = dt.datetime(2025, 6, 8, 20, 59, 43, tzinfo=dt.UTC)
    assert read(ack(number)) == [
        Receipt(kind=kind, message_id="3EB0ABC", client_message_id=None, at=at_, tenant_id="default")
    ]


def test_an_ack_of_an_id_that_we_chose_is_about_ours() -> None:
    message = a_message()
    [receipt] = read(ack(1, id=f"true_5491123456789@c.us_{message.client_message_id.hex.upper()}"))
    assert isinstance(receipt, Receipt)
    assert receipt.client_message_id == message.client_message_id


@pytest.mark.parametrize("content", [ack(0), ack(2, fromMe=False), event("default", "presence.update", {})])
def test_what_says_nothing_is_left_out(content: object) -> None:
    assert read(content) == []


def test_a_session_tells_its_state_and_number() -> None:
    [change] = read(event("default", "session.status", {"name": "default", "status": "WORKING"}))
    assert isinstance(change, SessionChange)
    assert (change.state, change.can_send, change.phone) == (SessionState.READY, True, "+5491155500000")


def message(**more: Any) -> dict[str, Any]:
    payload = {
        "id": "false_5493515550001@c.us_AAA",
        "timestamp": 1749416383,
        "from": "5493515550001@c.us",
        "fromMe": False,
        "body": "hola",
        "hasMedia": False,
    }
    return event("default", "message", {**payload, **more})


@pytest.mark.parametrize(
    ("more", "phone", "lid", "content"),
    [
        ({}, "+5493515550001", "", Content.TEXT),
        ({"from": "123456789012345@lid"}, "", "123456789012345", Content.TEXT),
        (
            {"from": "123456789012345@lid", "_data": {"key": {"remoteJidAlt": "5493515550001@s.whatsapp.net"}}},
            "+5493515550001",
            "123456789012345",
            Content.TEXT,
        ),
        ({"hasMedia": True, "media": {"mimetype": "image/jpeg"}}, "+5493515550001", "", Content.IMAGE),
        ({"hasMedia": True, "media": {"mimetype": "application/pdf"}}, "+5493515550001", "", Content.DOCUMENT),
        ({"hasMedia": True, "media": None}, "+5493515550001", "", Content.OTHER),
    ],
)
def test_a_message_is_read_with_both_names_of_its_person(
    more: dict[str, Any], phone: str, lid: str, content: Content
) -> None:
    [inbound] = read(message(**more))
    assert isinstance(inbound, Inbound)
    assert (inbound.phone, inbound.lid, inbound.content, inbound.text) == (phone, lid, content, "hola")
    assert inbound.message_id == "AAA"


@pytest.mark.parametrize("more", [{"fromMe": True}, {"from": "1203630@g.us"}, {"from": "status@broadcast"}])
def test_groups_and_our_own_words_are_nobodys(more: dict[str, Any]) -> None:
    assert read(message(**more)) == []


@pytest.mark.parametrize("content", [[], {}, {"event": "message.ack"}, ack(1, id=None), message(timestamp="ayer")])
def test_what_is_not_as_documented_is_refused(content: object) -> None:
    with pytest.raises(MalformedError):
        read(content)


@pytest.mark.parametrize("signature", ["", "0" * 128, "ñ"])
def test_only_who_has_the_key_is_read(signature: str) -> None:
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.WAHA, b"{}", {"X-Webhook-Hmac": signature}, SECRET)
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.WAHA, b"{}", {"X-Webhook-Hmac": signature}, "")
