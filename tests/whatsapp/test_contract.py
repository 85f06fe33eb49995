"""Both sides against the written contract: what our client asks, and what the simulated manager answers and calls."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.simulator import StartSimulator, simulator_thread
from tests.whatsapp.contract import PATH, Contract
from tests.whatsapp.messages import a_message
from tests.whatsapp.session_manager.running import running
from tests.whatsapp.simulator.receiver import receiving
from whatsapp.contract.http import Observer, Reply, Request
from whatsapp.contract.wire import CAPABILITIES, SERVICE, VERSION
from whatsapp.gateways.base import Capability, GatewayError
from whatsapp.gateways.session_manager import SessionManagerGateway
from whatsapp.simulator.settings import Settings


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


class Witness:
    """Judges every exchange that passes, and keeps what is wrong with it."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.count = 0
        self.problems: list[str] = []

    def __call__(self, request: Request, reply: Reply) -> None:
        if request.path.startswith("/_control"):
            return
        self.count += 1
        self.problems += [f"request {request.path}: {problem}" for problem in self.contract.judge_request(request)]
        self.problems += [
            f"answer of {request.path}: {problem}" for problem in self.contract.judge_reply(request, reply)
        ]


def test_document_is_valid(contract: Contract) -> None:
    validate(contract.document)


def test_contract_and_code_name_the_same_things(contract: Contract) -> None:
    schemas = contract.document["components"]["schemas"]
    assert contract.document["info"]["version"] == VERSION
    assert schemas["Health"]["properties"]["service"] == {"const": SERVICE}
    assert set(CAPABILITIES) == {capability.value for capability in Capability}
    for capability in Capability:
        assert capability.value in str(schemas["Health"]["properties"]["capabilities"])


class FarSide(Protocol):
    """Whoever answers the contract, as these tests move it."""

    base_url: str

    def gateway(self, tenant: str = "51", **changes: Any) -> SessionManagerGateway: ...

    def advance(self, seconds: float) -> None: ...

    def scan(self, tenant: str, *, code: str = "") -> None: ...


StartFarSide = Callable[..., FarSide]


@pytest.fixture(params=["simulator", "session_manager"])
def start_far_side(
    request: pytest.FixtureRequest, start_simulator: StartSimulator, tmp_path: Path
) -> Iterator[StartFarSide]:
    """Starts one of both with the line "51" ready, which is the only one, and a token."""
    with contextlib.ExitStack() as stack:

        def started(*, token: str, observer: Observer) -> FarSide:
            if request.param == "simulator":
                return start_simulator(settings=Settings(token=token), observer=observer)
            manager = stack.enter_context(
                running(tmp_path, token=token, observer=observer, names=("51",), callback_url="http://127.0.0.1:9/")
            )
            manager.link()
            return manager

        yield started


def use_every_verb(simulator: FarSide) -> None:
    """All that the client can ask, in good and in bad times."""
    gateway, message = simulator.gateway(), a_message(text="Ñandú 🦤\n\u202e")
    gateway.health()
    gateway.status()
    gateway.send(message)
    gateway.lookup(message.client_message_id)
    gateway.lookup(uuid.uuid4())
    gateway.show_typing("+5491123456789", 2.5)
    gateway.pairing_code()
    gateway.disconnect()
    gateway.logout()
    for refused in (
        lambda: gateway.send(a_message()),
        lambda: gateway.show_typing("+5491123456789", 2.5),
        lambda: simulator.gateway("52").status(),
        lambda: simulator.gateway("52").send(a_message()),
        lambda: simulator.gateway(token="wrong").status(),
        lambda: simulator.gateway(token="wrong").send(a_message()),
    ):
        with pytest.raises(GatewayError):
            refused()
    gateway.connect()
    simulator.advance(1)
    gateway.status()
    assert gateway.pairing_code() is not None
    typed = gateway.typed_code("+5491123456789")
    assert typed is not None
    simulator.scan("51", code=typed.code)
    assert gateway.typed_code("+5491123456789") is None


def test_client_and_far_side_keep_to_the_contract(contract: Contract, start_far_side: StartFarSide) -> None:
    witness = Witness(contract)
    use_every_verb(start_far_side(token="right", observer=witness))
    assert witness.problems == []
    assert witness.count >= 16
    assert {operation for operation, _status in contract.seen} >= {
        "health",
        "status",
        "qrCode",
        "send",
        "lookup",
        "presence",
        "connect",
        "disconnect",
        "logout",
        "pairingCode",
    }


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_refusals_on_demand_keep_to_the_contract(
    contract: Contract, start_simulator: StartSimulator, status: int
) -> None:
    witness = Witness(contract)
    simulator = start_simulator(observer=witness)
    simulator.add_faults({"fault": "status", "status": status, "whatsapp_code": 463, "retry_after": 3})
    with pytest.raises(GatewayError):
        simulator.gateway().send(a_message())
    assert witness.problems == []


def test_contract_would_notice_a_fault(contract: Contract, start_simulator: StartSimulator) -> None:
    """The judge itself: an answer without its id, and a request without its tenant."""
    witness = Witness(contract)
    simulator = start_simulator(observer=witness)
    simulator.add_faults({"fault": "no_id"})
    with pytest.raises(GatewayError):
        simulator.gateway().send(a_message())
    simulator.raw("GET", "/status")
    assert len(witness.problems) == 2
    assert "message_id" in witness.problems[0]
    assert "header" in witness.problems[1]


def test_callbacks_keep_to_the_contract(contract: Contract) -> None:
    with (
        receiving() as receiver,
        simulator_thread(callback_url=receiver.url, callback_secret="s", speed=50) as simulator,
    ):
        simulator.change_settings(acks=["server", "delivered", "read", {"ack": "failed", "error_code": "463"}])
        simulator.gateway().send(a_message())
        simulator.inbound("51", sender="5491144445555", text="hola")
        simulator.inbound("51", sender="5491144445555", text="hola", lid="12345678901")
        simulator.set_tenant("51", state="DISCONNECTED", reason="BANNED")
        callbacks = receiver.wait_for(8)
    problems = [
        problem for callback in callbacks for problem in contract.judge_callback(callback.signature, callback.body)
    ]
    assert problems == []
    assert {callback.event()["event"] for callback in callbacks} == {
        "message.ack",
        "message.inbound",
        "session.state",
    }


# --- Any request that the contract allows, and many that it does not ----------------------------------------------

schema = schemathesis.openapi.from_path(PATH)


@pytest.fixture(scope="module", params=["simulator", "session_manager"])
def fuzzed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a far side with the lines "0" and "51"."""
    if request.param == "simulator":
        with simulator_thread(tenants=("0", "51")) as simulator:
            yield simulator.base_url
        return
    with running(tmp_path_factory.mktemp("manager"), names=("0", "51")) as manager:
        manager.link()
        yield manager.base_url


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_far_side_answers_any_request_as_the_contract_says(case: schemathesis.Case[Any], fuzzed: str) -> None:
    with contextlib.suppress(requests.exceptions.InvalidHeader):
        case.call_and_validate(
            base_url=fuzzed,
            timeout=5,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )
