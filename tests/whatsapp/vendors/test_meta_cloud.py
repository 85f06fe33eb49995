"""Meta's Cloud API: what is asked of it, and what each of its numbers means for a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.whatsapp.gateways.far_side import answering, far_side
from tests.whatsapp.messages import a_message
from tests.whatsapp.vendors.lines import at, opened
from whatsapp.gateways import registry
from whatsapp.gateways.base import (
    ApprovedTemplate,
    Capability,
    GatewayConfig,
    GatewayError,
    OutboundMessage,
    Outcome,
    Scope,
    SessionState,
)
from whatsapp.simulator.vendors.emulator import Emulator

REFUSED = (Outcome.REFUSED, Scope.MESSAGE, False)
AGAIN = (Outcome.NOT_SENT, Scope.MESSAGE, False)
SLOWER = (Outcome.NOT_SENT, Scope.SESSION, False)
STOPPED = (Outcome.NOT_SENT, Scope.SESSION, True)
UNKNOWN = (Outcome.UNKNOWN, Scope.MESSAGE, False)

Line = tuple[Emulator, GatewayConfig]


@pytest.fixture
def meta() -> Iterator[Line]:
    with at(registry.META_CLOUD) as line:
        yield line


def refusal(config: GatewayConfig, message: OutboundMessage | None = None) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        opened(config).send(message or a_message())
    return caught.value


def decision(error: GatewayError) -> tuple[Outcome, Scope, bool]:
    return error.outcome, error.scope, error.needs_person


def sent_body(emulator: Emulator) -> dict[str, Any]:
    return dict(json.loads(emulator.seen[-1][0].body))


def test_a_text_goes_out_with_our_id_to_be_given_back(meta: Line) -> None:
    emulator, config = meta
    message = a_message(text="Hola\n¿qué tal?")

    result = opened(config).send(message)

    [delivered] = emulator.ledger.entries()
    assert result.message_id == delivered["message_id"]
    assert delivered["client_message_id"] == str(message.client_message_id)
    assert sent_body(emulator)["text"] == {"body": "Hola\n¿qué tal?", "preview_url": False}


def test_a_template_goes_out_with_what_its_variables_say(meta: Line) -> None:
    emulator, config = meta
    template = ApprovedTemplate(name="aviso_de_saldo", language="es_AR", parameters=("Ana", "$ 500"))

    opened(config).send(
        OutboundMessage(
            phone="+5491123456789", text="Hola", client_message_id=a_message().client_message_id, template=template
        )
    )

    body = sent_body(emulator)
    assert body["type"] == "template"
    assert "text" not in body
    assert body["template"] == {
        "name": "aviso_de_saldo",
        "language": {"policy": "deterministic", "code": "es_AR"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "$ 500"}]}
        ],
    }


@pytest.mark.parametrize(
    ("codes", "expected", "code"),
    [
        ((0, 190), STOPPED, "NOT_AUTHORISED"),
        ((3, 10, 200, 299), STOPPED, "NO_PERMISSION"),
        ((1, 2, 131000, 131016), AGAIN, "VENDOR_SERVICE"),
        ((4, 80007, 130429), SLOWER, "RATE_LIMITED"),
        ((131056,), AGAIN, "PAIR_RATE"),
        ((131048,), STOPPED, "QUALITY"),
        ((131049, 130472), REFUSED, "PERSON_LIMIT"),
        ((131050,), REFUSED, "STOPPED_MARKETING"),
        ((131026,), REFUSED, "UNDELIVERABLE"),
        ((131047,), REFUSED, "NEEDS_TEMPLATE"),
        ((100, 131008, 131009, 131051, 33), REFUSED, "VALIDATION"),
        ((132000, 132001, 132015, 132999), (Outcome.NOT_SENT, Scope.CAMPAIGN, False), "TEMPLATE"),
        ((131031, 368, 131042), STOPPED, "ACCOUNT"),
    ],
)
def test_each_number_means_what_meta_documents(
    meta: Line, codes: tuple[int, ...], expected: tuple[Outcome, Scope, bool], code: str
) -> None:
    emulator, config = meta
    for number in codes:
        emulator.faults.replace([{"fault": "status", "status": 400, "code": str(number)}])
        error = refusal(config)
        assert (decision(error), error.code) == (expected, code), number
        assert f"Meta {number}" in error.detail
    assert list(emulator.ledger.entries()) == []


@pytest.mark.parametrize(("status", "expected"), [(400, REFUSED), (403, REFUSED), (500, UNKNOWN), (503, UNKNOWN)])
def test_an_unknown_number_is_final_with_a_4xx_and_a_doubt_with_a_5xx(
    meta: Line, status: int, expected: tuple[Outcome, Scope, bool]
) -> None:
    emulator, config = meta
    emulator.faults.add({"fault": "status", "status": status, "code": "987654"})
    error = refusal(config)
    assert decision(error) == expected
    assert error.code == "META_987654"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503, 504])
def test_an_answer_without_graphs_own_shape_proves_nothing(meta: Line, status: int) -> None:
    emulator, config = meta
    for body in ("<html>upstream</html>", '{"error": true, "code": "VALIDATION", "message": "no"}', '{"error": {}}'):
        emulator.faults.replace([{"fault": "status", "status": status, "body": body}])
        assert refusal(config).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "reset"},
        {"fault": "close"},
        {"fault": "garbage"},
        {"fault": "no_id"},
        {"fault": "garbage", "body": '{"messages": []}'},
        {"fault": "garbage", "body": '{"messages": [{"id": "con espacio"}]}'},
        {"fault": "late", "seconds": 1},
    ],
)
def test_what_left_and_was_not_answered_is_a_doubt(meta: Line, fault: dict[str, Any]) -> None:
    emulator, config = meta
    emulator.faults.add(fault)
    with pytest.raises(GatewayError) as caught:
        opened(config, send_timeout=0.3).send(a_message())
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(list(emulator.ledger.entries())) == 1


def test_nobody_there_proves_that_it_did_not_leave(meta: Line) -> None:
    _emulator, config = meta
    with far_side(answering(b"")) as address:
        pass
    with pytest.raises(GatewayError) as caught:
        opened(config, base_url=address).send(a_message())
    assert decision(caught.value) == SLOWER


@pytest.mark.parametrize(
    ("word", "state", "can_send"),
    [
        ("CONNECTED", SessionState.READY, True),
        ("FLAGGED", SessionState.READY, True),
        ("RESTRICTED", SessionState.READY, False),
        ("PENDING", SessionState.CONNECTING, False),
        ("DISCONNECTED", SessionState.DISCONNECTED, False),
        ("SOMETHING_NEW", SessionState.DISCONNECTED, False),
    ],
)
def test_the_numbers_own_state_says_whether_it_sends(
    meta: Line, word: str, state: SessionState, can_send: bool
) -> None:
    emulator, config = meta
    emulator.lines[config.tenant_id] = word
    status = opened(config).status()
    assert (status.state, status.can_send) == (state, can_send)
    assert status.phone == "+5491155500000"
    assert status.people_a_day == 250


@pytest.mark.parametrize(
    ("changes", "code"), [({"token": "otro"}, "NOT_AUTHORISED"), ({"tenant_id": "99999"}, "UNKNOWN_SESSION")]
)
def test_asking_for_another_number_or_with_another_token_says_so(
    meta: Line, changes: dict[str, str], code: str
) -> None:
    _emulator, config = meta
    with pytest.raises(GatewayError) as caught:
        opened(config, **changes).status()
    assert (caught.value.code, caught.value.outcome, caught.value.scope) == (code, Outcome.NOT_SENT, Scope.SESSION)


def test_a_banned_number_needs_a_person(meta: Line) -> None:
    emulator, config = meta
    emulator.lines[config.tenant_id] = "BANNED"
    with pytest.raises(GatewayError) as caught:
        opened(config).status()
    assert (caught.value.code, caught.value.needs_person) == ("BANNED", True)


def test_its_capabilities_promise_what_it_has(meta: Line) -> None:
    _emulator, config = meta
    gateway = opened(config)
    assert gateway.health().capabilities == {
        Capability.CALLBACKS,
        Capability.ECHO,
        Capability.TEMPLATES,
        Capability.NO_OWN_CHAT,
    }
    assert gateway.pairing_code() is None
    assert gateway.typed_code("+5491155500000") is None
    for verb in (gateway.connect, gateway.disconnect, gateway.logout):
        with pytest.raises(GatewayError, match="API oficial"):
            verb()
    with pytest.raises(GatewayError) as caught:
        gateway.lookup(a_message().client_message_id)
    assert caught.value.outcome is Outcome.UNKNOWN
