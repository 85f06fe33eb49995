"""Reading callbacks: authenticated first, then strict about what matters and deaf to what we do not know."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp.gateways.base import SessionState
from whatsapp.inbound import Inbound
from whatsapp.receipts import (
    BadEvent,
    CallbackError,
    MalformedError,
    NotAuthenticError,
    Receipt,
    ReceiptKind,
    SessionChange,
    parse,
)

SECRET = "s3cret"
AT = "2026-03-01T12:00:00.250-03:00"
MOMENT = dt.datetime(2026, 3, 1, 15, 0, 0, 250_000, tzinfo=dt.UTC)
OURS = uuid.uuid4()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def read(content: object) -> list[Any]:
    body = json.dumps(content).encode()
    return list(parse(body, signature(body), SECRET))


def event(name: str, data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": "evt_1", "event": name, "cliente_id": "51", "at": AT, "data": data, **changes}


def ack(kind: str = "delivered", **data: Any) -> dict[str, Any]:
    return event("message.ack", {"message_id": "true_x_3EB0", "ack": kind, **data})


# --- Authentication -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "sha256=", "sha256=zz", "ñ", "sha1=" + "0" * 40])
def test_wrong_signature_is_refused(given: str) -> None:
    with pytest.raises(NotAuthenticError):
        parse(b"[]", given, SECRET)


def test_signature_of_another_body_or_secret_is_refused() -> None:
    body = json.dumps(ack()).encode()
    with pytest.raises(NotAuthenticError):
        parse(body, signature(b"[]"), SECRET)
    with pytest.raises(NotAuthenticError):
        parse(body, signature(body, "another"), SECRET)
    with pytest.raises(NotAuthenticError):
        parse(body, signature(body)[len("sha256=") :], SECRET)


def test_session_without_a_secret_takes_nothing() -> None:
    """An empty key is one that everybody knows."""
    with pytest.raises(NotAuthenticError):
        parse(b"[]", signature(b"[]", ""), "")


def test_body_is_not_read_before_it_is_authentic() -> None:
    with pytest.raises(NotAuthenticError):
        parse(b"\xff not json", "sha256=00", SECRET)


def test_signature_in_capitals_is_the_same() -> None:
    assert parse(b"[]", signature(b"[]").upper(), SECRET) == []


# --- Acknowledgements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(ReceiptKind))
def test_each_acknowledgement(kind: ReceiptKind) -> None:
    assert read(ack(kind.value, client_message_id=str(OURS))) == [
        Receipt(
            kind=kind,
            message_id="true_x_3EB0",
            client_message_id=OURS,
            at=MOMENT,
            error_code="",
            error_text="",
            tenant_id="51",
        )
    ]


@pytest.mark.parametrize("theirs", [None, "", "order-7", 7, {}])
def test_client_id_that_is_none_of_ours_is_left_out(theirs: object) -> None:
    assert read(ack(client_message_id=theirs))[0].client_message_id is None


def test_refusal_carries_code_and_text_without_phone_numbers() -> None:
    (receipt,) = read(ack("failed", error_code=463, error_text="cannot reach 5491123456789\x00 now \ud800"))
    assert receipt.error_code == "463"
    assert receipt.error_text == "cannot reach … now ?"


def test_number_as_tenant_is_text() -> None:
    assert read({**ack(), "cliente_id": 51})[0].tenant_id == "51"


def test_several_events_at_once_in_their_order() -> None:
    assert [receipt.kind.value for receipt in read([ack("server"), ack("read"), ack("server")])] == [
        "server",
        "read",
        "server",
    ]


def test_event_of_an_unknown_kind_is_left_out() -> None:
    assert [receipt.kind.value for receipt in read([event("poll.vote", {"x": 1}), ack("read")])] == ["read"]


# --- Session state and inbound messages ---------------------------------------------------------------------------


def test_session_state() -> None:
    data = {"state": "READY", "can_send_messages": True, "phone": "+5491155550000"}
    assert read(event("session.state", data)) == [
        SessionChange(
            tenant_id="51", state=SessionState.READY, can_send=True, phone="+5491155550000", reason="", at=MOMENT
        )
    ]


def test_session_state_with_its_reason() -> None:
    (change,) = read(event("session.state", {"state": "DISCONNECTED", "reason": "LOGGED_OUT"}))
    assert (change.state, change.can_send, change.reason) == (SessionState.DISCONNECTED, False, "LOGGED_OUT")


@pytest.mark.parametrize(
    ("identities", "phone", "lid"),
    [
        ({"from": "5491144445555@c.us"}, "+5491144445555", ""),
        ({"from": "5491144445555@s.whatsapp.net"}, "+5491144445555", ""),
        ({"from": "123456789012345@lid"}, "", "123456789012345"),
        ({"from": "123456789012345@lid", "from_phone": "5491144445555@c.us"}, "+5491144445555", "123456789012345"),
    ],
)
def test_inbound_message(identities: dict[str, str], phone: str, lid: str) -> None:
    data = {"message_id": "false_x_1", "text": "BAJA", **identities}
    assert read(event("message.inbound", data)) == [
        Inbound(tenant_id="51", message_id="false_x_1", phone=phone, lid=lid, text="BAJA", at=MOMENT)
    ]


@pytest.mark.parametrize("sender", ["120363@g.us", "status@broadcast", "0123@newsletter", ""])
def test_message_of_a_group_or_broadcast_is_left_out(sender: str) -> None:
    assert read(event("message.inbound", {"message_id": "x", "from": sender, "text": "hi"})) == []


def test_inbound_without_text_is_empty_text() -> None:
    (inbound,) = read(event("message.inbound", {"message_id": "x", "from": "5491144445555@c.us"}))
    assert inbound.text == ""


def test_values_show_no_personal_data() -> None:
    (inbound,) = read(
        event("message.inbound", {"message_id": "x", "from": "5491144445555@c.us", "text": "mi DNI es 30111222"})
    )
    assert "44445555" not in repr(inbound)
    assert "DNI" not in repr(inbound)


# --- What the contract does not allow -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        7,
        "x",
        None,
        {},
        [[]],
        {"event": "message.ack"},
        event("message.ack", {}),
        ack("seen"),
        {**ack(), "at": "yesterday"},
        {**ack(), "at": "2026-03-01T12:00:00"},
        {**ack(), "at": "0001-01-01T00:00:00+14:00"},
        {**ack(), "at": 1_700_000_000},
        {**ack(), "data": []},
        event("message.ack", {"message_id": 7, "ack": "read"}),
        event("message.ack", {"message_id": "", "ack": "read"}),
        event("message.ack", {"message_id": "a b", "ack": "read"}),
        event("message.ack", {"message_id": "x" * 161, "ack": "read"}),
        event("session.state", {"state": "SLEEPING"}),
        event("message.inbound", {"message_id": "x"}),
        [ack()] * 1001,
    ],
)
def test_malformed_callback_is_refused(content: object) -> None:
    with pytest.raises(MalformedError):
        read(content)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b"9" * 10_000])
def test_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(body, signature(body), SECRET)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_data = st.dictionaries(
    st.sampled_from(["message_id", "ack", "state", "from", "from_phone", "text", "error_code", "error_text", "phone"]),
    _json | st.sampled_from(["x", "read", "READY", "5491144445555@c.us"]),
)
_events = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["message.ack", "session.state", "message.inbound", "other"]) | _json,
        "data": _data | _json,
        "at": st.just(AT) | st.datetimes().map(lambda moment: moment.isoformat() + "Z") | _json,
        "cliente_id": _json,
    }
)


@given(content=_json | _events | st.lists(_events, max_size=3))
def test_anything_signed_gives_values_or_a_callback_error(content: object) -> None:
    try:
        events = read(content)
    except CallbackError:
        return
    # What nobody knows is left out, so that bad ones may come alone; not if each that came was bad.
    given_events = len(content) if isinstance(content, list) else 1
    assert not events or sum(isinstance(each, BadEvent) for each in events) < given_events
    for each in events:
        assert each.reason if isinstance(each, BadEvent) else each.at.tzinfo is dt.UTC
        str(each).encode()  # any database takes it


@given(body=st.binary())
def test_any_signed_bytes_give_values_or_a_callback_error(body: bytes) -> None:
    with contextlib.suppress(CallbackError):
        parse(body, signature(body), SECRET)
