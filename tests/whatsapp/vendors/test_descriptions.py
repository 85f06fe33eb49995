"""Our clients and emulators against the vendors' own descriptions of their APIs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.whatsapp.messages import a_message
from tests.whatsapp.vendors import descriptions
from tests.whatsapp.vendors.lines import at, opened
from whatsapp.contract.http import Reply, Request, json_reply
from whatsapp.gateways import meta_callbacks, registry
from whatsapp.gateways.base import ApprovedTemplate, OutboundMessage
from whatsapp.receipts import BadEvent

pytestmark = pytest.mark.vendor_specs


def judged(kind: str, seen: list[tuple[Request, Reply]]) -> tuple[int, list[str]]:
    """How many exchanges the description knows, and what is wrong with them."""
    known = [(request, reply) for request, reply in seen if descriptions.described(kind, request)]
    return len(known), [problem for request, reply in known for problem in descriptions.problems(kind, request, reply)]


def test_meta_takes_what_we_send_and_answers_what_we_read() -> None:
    template = ApprovedTemplate(name="aviso", language="es_AR", parameters=("Ana", "$ 500"))
    plain = a_message(text="Ñandú 🦤\n\u202e")
    with at(registry.META_CLOUD) as (emulator, config):
        gateway = opened(config)
        gateway.send(plain)
        for chosen in (template, ApprovedTemplate(name="aviso", language="es")):
            gateway.send(
                OutboundMessage(phone=plain.phone, text="", client_message_id=plain.client_message_id, template=chosen)
            )
        gateway.status()
    assert judged(registry.META_CLOUD, emulator.seen) == (4, [])


def test_evolution_takes_what_we_send_and_answers_what_we_read() -> None:
    with at(registry.EVOLUTION) as (emulator, config):
        gateway = opened(config)
        gateway.send(a_message(text="Ñandú 🦤\n\u202e"))
        gateway.status()
        gateway.logout()
        gateway.connect()
        gateway.pairing_code()
        gateway.typed_code("+5491155500000")
        emulator.restarts_by = "PUT"  # type: ignore[attr-defined]  # this emulator's
        gateway.connect()
    count, problems = judged(registry.EVOLUTION, emulator.seen)
    assert problems == []
    assert count >= 8
    # Its router takes a POST that its description does not know, and nothing else of ours is unknown to it.
    unknown = {(r.method, r.path) for r, _ in emulator.seen if not descriptions.described(registry.EVOLUTION, r)}
    assert unknown == {("POST", "/instance/restart/ventas")}


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (registry.META_CLOUD, "/v23.0/1/messages", {"messaging_product": "whatsapp", "to": "1", "type": "text"}),
        (registry.EVOLUTION, "/message/sendText/x", {"number": "1"}),
    ],
)
def test_the_judge_would_notice(kind: str, path: str, body: dict[str, Any]) -> None:
    headers = {"authorization": "Bearer x", "apikey": "x", "content-type": "application/json"}
    request = Request(method="POST", path=path, query={}, headers=headers, body=json.dumps(body).encode())
    assert descriptions.problems(kind, request, json_reply({}, status=404))


def test_every_webhook_that_meta_documents_is_read_or_left_out() -> None:
    webhook = descriptions.document(registry.META_CLOUD)["paths"]["/whatsapp/webhooks"]["post"]
    examples = webhook["requestBody"]["content"]["application/json"]["examples"]
    read = {name: meta_callbacks.read(json.dumps(each["value"]).encode()) for name, each in examples.items()}
    assert len(read) >= 15
    assert [name for name, found in read.items() if any(isinstance(each, BadEvent) for each in found)] == []
    assert sum(bool(found) for found in read.values()) >= 8


def test_our_emulators_statuses_are_what_meta_describes() -> None:
    schemas = descriptions.document(registry.META_CLOUD)
    whole = {**schemas, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    payload = {**whole, "$ref": "#/components/schemas/WebhookPayload"}
    with at(registry.META_CLOUD) as (emulator, config):
        opened(config).send(a_message())
        sent = emulator.read_send(emulator.seen[-1][0])
        assert sent is not None
        bodies = [emulator.told(ack, sent) for ack in emulator.options.acks]
    for body in bodies:
        assert [error.message for error in Draft202012Validator(payload).iter_errors(body)] == []
