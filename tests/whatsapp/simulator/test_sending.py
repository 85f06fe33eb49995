"""What the simulated manager does with a message, and what it says of it later."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import threading
import time
from pathlib import Path

import pytest

from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.messages import a_message
from whatsapp.contract.wire import CAPABILITIES
from whatsapp.gateways.base import Capability, GatewayError, SendResult
from whatsapp.simulator.ledger import Ledger
from whatsapp.simulator.settings import Settings


def without(capability: Capability) -> Settings:
    return Settings(capabilities=frozenset(CAPABILITIES) - {capability})


# --- A repeated client_message_id ---------------------------------------------------------------------------------


def test_repeated_id_is_answered_alike_and_delivered_once(simulator: Simulator) -> None:
    message = a_message()
    first = simulator.gateway().send(message)
    assert simulator.gateway().send(message) == first
    assert len(simulator.delivered()) == 1
    assert len(simulator.finished()) == 2


def test_repeated_id_after_a_lost_answer_is_delivered_once(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "reset", "count": 1})
    message = a_message()
    with pytest.raises(GatewayError):
        simulator.gateway().send(message)
    again = simulator.gateway().send(message)
    assert [line["message_id"] for line in simulator.delivered()] == [again.message_id]


def test_repeated_id_at_the_same_time_is_delivered_once(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "slow", "min": 0.2})
    message = a_message()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = set(pool.map(lambda _turn: simulator.gateway().send(message), range(8)))
    assert len(results) == 1
    assert len(simulator.delivered()) == 1


def test_repeated_id_of_another_session_is_another_message(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(tenants=("51", "52"))
    message = a_message()
    simulator.gateway("51").send(message)
    simulator.gateway("52").send(message)
    assert [line["tenant"] for line in simulator.delivered()] == ["51", "52"]


def test_repeated_id_without_dedupe_is_delivered_again(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(settings=without(Capability.DEDUPE))
    message = a_message()
    first, second = simulator.gateway().send(message), simulator.gateway().send(message)
    assert first.message_id != second.message_id
    assert len(simulator.delivered()) == 2


def test_refused_id_may_be_tried_again(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 500, "count": 1})
    message = a_message()
    with pytest.raises(GatewayError):
        simulator.gateway().send(message)
    assert simulator.gateway().send(message).message_id
    assert len(simulator.delivered()) == 1


# --- A session that falls in between ------------------------------------------------------------------------------


def test_message_is_not_delivered_when_the_session_falls_while_it_is_typed(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "slow", "min": 20})
    errors: list[GatewayError] = []

    def send() -> None:
        with pytest.raises(GatewayError) as caught:
            simulator.gateway().send(a_message())
        errors.append(caught.value)

    thread = threading.Thread(target=send)
    thread.start()
    while not simulator.stats()["in_flight"]:
        time.sleep(0.01)
    simulator.set_tenant("51", state="DISCONNECTED")
    simulator.advance(20)
    thread.join()
    assert [error.code for error in errors] == ["WHATSAPP_ERROR"]
    assert simulator.delivered() == []


def test_client_that_dies_does_not_take_its_message_back(simulator: Simulator) -> None:
    simulator.change_settings(acks=[])
    simulator.add_faults({"fault": "slow", "min": 20})
    with pytest.raises(GatewayError):
        simulator.gateway(send_timeout=0.2).send(a_message())
    assert simulator.delivered() == []
    simulator.advance(20)
    simulator.wait_until_quiet()
    assert len(simulator.delivered()) == 1


# --- The ledger ---------------------------------------------------------------------------------------------------


def test_ledger_tells_what_when_and_to_whom(simulator: Simulator) -> None:
    before = time.monotonic()
    message = a_message(text="Hola, María")
    result = simulator.gateway().send(message)
    after = time.monotonic()
    (delivered,), (finished,) = simulator.delivered(), simulator.finished()
    assert delivered["text_sha256"] == hashlib.sha256("Hola, María".encode()).hexdigest()
    assert delivered["message_id"] == finished["message_id"] == result.message_id
    assert before <= delivered["started"] <= delivered["delivered"] <= finished["ended"] <= after
    assert finished["answer"] == "200"
    assert "María" not in json.dumps([delivered, finished])


@pytest.mark.parametrize(
    ("fault", "answer", "deliveries"),
    [
        ({"fault": "reset"}, "reset", 1),
        ({"fault": "close", "delivered": False}, "close", 0),
        ({"fault": "status", "status": 503}, "503", 0),
        ({"fault": "status", "status": 503, "delivered": True}, "503", 1),
    ],
)
def test_ledger_tells_how_each_request_ended(
    simulator: Simulator, fault: dict[str, object], answer: str, deliveries: int
) -> None:
    simulator.add_faults(fault)
    with pytest.raises(GatewayError):
        simulator.gateway().send(a_message())
    assert [line["answer"] for line in simulator.finished()] == [answer]
    assert len(simulator.delivered()) == deliveries


def test_ledger_file_is_continued_and_known_ids_stay_known(start_simulator: StartSimulator, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.jsonl"
    message = a_message()
    first = start_simulator(ledger=path).gateway().send(message)
    written = path.read_bytes()
    simulator = start_simulator(ledger=path)
    assert simulator.gateway().send(message) == SendResult(
        message_id=first.message_id, http_status=200, host=simulator.base_url.removeprefix("http://")
    )
    assert simulator.gateway().lookup(message.client_message_id) is not None
    simulator.gateway().send(a_message())
    assert path.read_bytes().startswith(written)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["event"] for line in lines].count("delivered") == 2


def test_ledger_survives_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"seq": 1, "event": "delivered"}\n{"seq": 2, "eve')
    ledger = Ledger(path)
    ledger.finished(
        tenant="51", to="1@c.us", client_message_id=None, message_id=None, answer="200", started=0.0, ended=1.0
    )
    ledger.close()
    assert [line["event"] for line in Ledger(path).entries()] == ["delivered", "finished"]


def test_ledger_is_asked_from_where_one_left_off(simulator: Simulator) -> None:
    for _message in range(3):
        simulator.gateway().send(a_message())
    seen = simulator.control("GET", "ledger?since=4")
    assert [line["seq"] for line in seen] == [5, 6]


# --- A request that is not the contract's -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        "{}",
        '{"to": "5491123456789", "message": "x"}',
        '{"to": "+5491123456789@c.us", "message": "x"}',
        '{"to": "5491123456789@c.us", "message": ""}',
        '{"to": "5491123456789@c.us", "message": 7}',
        '{"to": "5491123456789@c.us", "message": "x", "client_message_id": "a b"}',
        '{"to": "5491123456789@c.us", "message": "x", "cliente_id": "52"}',
    ],
)
def test_bad_request_is_refused_in_the_contracts_shape(simulator: Simulator, body: str) -> None:
    answer = simulator.raw("POST", "/send", data=body.encode(), headers={"X-Cliente-Id": "51"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION"
    assert simulator.delivered() == []
