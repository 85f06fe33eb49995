"""Meta's webhooks, as its documentation writes them, read into values."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest

from whatsapp.gateways import registry
from whatsapp.gateways.base import Scope
from whatsapp.inbound import Content, Inbound
from whatsapp.receipts import (
    BadEvent,
    Event,
    MalformedError,
    NotAuthenticError,
    Preference,
    Receipt,
    ReceiptKind,
    parse_callback,
)

SECRET = "secreto-de-la-app"
NUMBER = "106540352242922"
OURS = uuid.UUID("5a2bd1f4-6e4c-4b6a-9b57-0a7ad7e0a001")

STATUS = {
    "id": "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA",
    "status": "delivered",
    "timestamp": "1749416383",
    "recipient_id": "16505551234",
    "biz_opaque_callback_data": str(OURS),
    "conversation": {"id": "6ceb9d9b0de7a1ea6c50b16d13b6e2e1", "origin": {"type": "utility"}},
    "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"},
}
MESSAGE = {
    "from": "16505551234",
    "id": "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
    "timestamp": "1749416383",
    "type": "text",
    "text": {"body": "Does it come in another color?"},
}
PREFERENCE = {
    "wa_id": "16505551234",
    "detail": "User requested to stop marketing messages",
    "category": "marketing_messages",
    "value": "stop",
    "timestamp": 1731617831,
}
AT = dt.datetime(2025, 6, 8, 20, 59, 43, tzinfo=dt.UTC)


def callback(field: str = "messages", *, number: str = NUMBER, **told: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": number}
    contacts = [{"profile": {"name": "Sheena Nelson"}, "wa_id": "16505551234"}]
    value = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": contacts, **told}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"value": value, "field": field}]}],
    }


def read(content: object) -> list[Event | BadEvent]:
    body = json.dumps(content).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return parse_callback(registry.META_CLOUD, body, {"X-Hub-Signature-256": signature}, SECRET)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("sent", ReceiptKind.SERVER), ("delivered", ReceiptKind.DELIVERED), ("read", ReceiptKind.READ)],
)
def test_a_status_names_both_ids_and_how_far_it_came(word: str, kind: ReceiptKind) -> None:
    assert read(callback(statuses=[{**STATUS, "status": word}])) == [
        Receipt(kind=kind, message_id=str(STATUS["id"]), client_message_id=OURS, at=AT, tenant_id=NUMBER)
    ]


@pytest.mark.parametrize(
    ("code", "scope"), [(131026, Scope.MESSAGE), (131042, Scope.SESSION), (132001, Scope.CAMPAIGN)]
)
def test_a_failure_says_what_else_it_concerns(code: int, scope: Scope) -> None:
    errors = [{"code": code, "title": "Something for 5491123456789", "error_data": {"details": "…"}}]
    [receipt] = read(callback(statuses=[{**STATUS, "status": "failed", "errors": errors}]))
    assert isinstance(receipt, Receipt)
    assert (receipt.kind, receipt.error_code) == (ReceiptKind.FAILED, f"META_{code}")
    assert receipt.trouble is not None
    assert receipt.trouble.scope is scope
    assert f"Meta {code}" in receipt.error_text


def test_a_failure_of_an_unknown_number_keeps_its_title_without_phones() -> None:
    errors = [{"code": 987654, "title": "Trouble with 5491123456789"}]
    [receipt] = read(callback(statuses=[{**STATUS, "status": "failed", "errors": errors}]))
    assert isinstance(receipt, Receipt)
    assert receipt.trouble is None
    assert receipt.error_text == "Trouble with … (Meta 987654)"


def test_a_message_is_read_with_its_person_and_time() -> None:
    assert read(callback(messages=[MESSAGE])) == [
        Inbound(
            tenant_id=NUMBER,
            message_id=str(MESSAGE["id"]),
            phone="+16505551234",
            lid="",
            text="Does it come in another color?",
            at=AT,
        )
    ]


@pytest.mark.parametrize(
    ("part", "text", "content"),
    [
        ({"type": "image", "image": {"caption": "mirá", "id": "1"}}, "mirá", Content.IMAGE),
        ({"type": "audio", "audio": {"id": "1", "voice": True}}, "", Content.AUDIO),
        ({"type": "contacts", "contacts": [{"name": {}}]}, "", Content.CONTACT),
        ({"type": "button", "button": {"payload": "x", "text": "Baja"}}, "Baja", Content.TEXT),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Sí"}},
            },
            "Sí",
            Content.TEXT,
        ),
        ({"type": "order", "order": {}}, "", Content.OTHER),
    ],
)
def test_what_is_no_text_is_named_with_its_words(part: dict[str, Any], text: str, content: Content) -> None:
    without = {name: value for name, value in MESSAGE.items() if name != "text"}
    [inbound] = read(callback(messages=[{**without, **part}]))
    assert isinstance(inbound, Inbound)
    assert (inbound.text, inbound.content) == (text, content)


@pytest.mark.parametrize(
    "change",
    [
        {"messages": [{**MESSAGE, "type": "reaction", "reaction": {"emoji": "👍"}}]},
        {"messages": [{**MESSAGE, "type": "system", "system": {"body": "…"}}]},
        {"messages": [{**MESSAGE, "group_id": "Y2FwaV9ncm91cDox"}]},
        {"statuses": [{**STATUS, "status": "warning"}]},
        {"user_preferences": [{**PREFERENCE, "category": "authentication"}]},
        {"event": "APPROVED", "message_template_name": "x"},
    ],
)
def test_what_says_nothing_to_us_is_left_out(change: dict[str, Any]) -> None:
    assert read(callback(**change)) == []


@pytest.mark.parametrize(("word", "wants"), [("stop", False), ("resume", True)])
def test_a_marketing_stop_and_its_end_are_wishes_of_the_person(word: str, wants: bool) -> None:
    [preference] = read(callback("user_preferences", user_preferences=[{**PREFERENCE, "value": word}]))
    assert isinstance(preference, Preference)
    assert (preference.phone, preference.wants_messages, preference.tenant_id) == ("+16505551234", wants, NUMBER)


@pytest.mark.parametrize("name", ["id", "status", "timestamp"])
def test_a_status_without_what_it_needs_is_told_and_keeps_nobody_out(name: str) -> None:
    broken = copy.deepcopy(STATUS)
    del broken[name]
    found = read(callback(statuses=[broken, STATUS]))
    assert [type(event) for event in found] == [BadEvent, Receipt]


@pytest.mark.parametrize("content", [[], {}, {"entry": "x"}, "x", 7, {"entry": []}])
def test_another_shape_is_refused_or_empty(content: object) -> None:
    if content == {"entry": []}:
        assert read(content) == []
        return
    with pytest.raises(MalformedError):
        read(content)


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "ñ", "sha1=abc"])
def test_only_who_has_the_apps_secret_is_read(signature: str) -> None:
    body = json.dumps(callback(statuses=[STATUS])).encode()
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.META_CLOUD, body, {"X-Hub-Signature-256": signature}, SECRET)


def test_a_line_without_a_secret_takes_nothing() -> None:
    signature = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    with pytest.raises(NotAuthenticError):
        parse_callback(registry.META_CLOUD, b"{}", {"X-Hub-Signature-256": signature}, "")
