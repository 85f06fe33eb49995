"""Which request meets which fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.whatsapp.messages import a_message
from whatsapp.gateways.base import GatewayError
from whatsapp.simulator.faults import FaultError, Faults, Kind, parse_rule


def struck(rule: dict[str, Any], requests: list[dict[str, str]]) -> list[int]:
    """Numbers (from 1) of the requests that a rule strikes."""
    faults = Faults(seed=1)
    faults.add(rule)
    return [number for number, request in enumerate(requests, 1) if faults.pick(**{"route": "send", **request})]


def sends(count: int) -> list[dict[str, str]]:
    return [{"tenant": "51", "phone": "549110000000"} for _number in range(count)]


def test_rule_without_conditions_strikes_every_send_and_nothing_else() -> None:
    assert struck({"fault": "reset"}, [*sends(2), {"route": "status"}]) == [1, 2]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"nth": 3}, [3]),
        ({"nth": [1, 5]}, [1, 5]),
        ({"every": 2}, [2, 4, 6]),
        ({"count": 2}, [1, 2]),
        ({"every": 2, "count": 2}, [2, 4]),
        ({"probability": 0.0}, []),
        ({"probability": 1.0}, [1, 2, 3, 4, 5, 6]),
        ({"tenant": "52"}, []),
        ({"phone": "549110000000", "nth": 2}, [2]),
    ],
)
def test_conditions(conditions: dict[str, Any], expected: list[int]) -> None:
    assert struck({"fault": "reset", **conditions}, sends(6)) == expected


def test_counting_sees_only_what_the_other_conditions_let_through() -> None:
    requests = [{"phone": "1"}, {"phone": "2"}, {"phone": "1"}, {"phone": "2"}]
    assert struck({"fault": "reset", "phone": "2", "nth": 2}, requests) == [4]


def test_probability_strikes_about_so_often() -> None:
    assert 150 < len(struck({"fault": "reset", "probability": 0.2}, sends(1000))) < 250


def test_first_rule_that_strikes_wins() -> None:
    faults = Faults()
    faults.add([{"fault": "reset", "nth": 2}, {"fault": "close"}])
    kinds = [fault.kind for fault in (faults.pick(route="send") for _turn in range(3)) if fault]
    assert kinds == [Kind.CLOSE, Kind.RESET, Kind.CLOSE]
    assert [(rule["seen"], rule["struck"]) for rule in faults.as_json()] == [(3, 1), (2, 2)]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({}, "unknown fault None"),
        ({"fault": "explode"}, "unknown fault 'explode'"),
        ({"fault": "reset", "phon": "1"}, "unknown key phon"),
        ({"fault": "reset", "count": "2"}, "'count' is '2': write int"),
        ({"fault": "reset", "count": True}, "'count' is True: write int"),
        ({"fault": "state", "delivered": True}, "makes no sense"),
        ({"fault": "slow", "min": 3, "max": 1}, "the shorter first"),
        ({"fault": "callbacks", "acks": ["seen"]}, "ack is 'seen'"),
        ({"fault": "callbacks", "acks": [{"ack": "read", "time": 2}]}, "unknown key time"),
        ({"fault": "callbacks", "acks": [7]}, "an ack is"),
        ([7], "a fault is a JSON object"),
        ("reset", "must be a JSON list"),
    ],
)
def test_specification_that_makes_no_sense_is_refused_with_a_sentence(rule: Any, sentence: str) -> None:
    faults = Faults()
    with pytest.raises(FaultError, match=sentence):
        faults.add(rule)
    assert faults.rules == []


@pytest.mark.parametrize(
    ("given", "taken"), [({"min": 30}, (30, 30)), ({"min": 2, "max": 5}, (2, 5)), ({"max": 5}, (0, 5))]
)
def test_slow_takes_as_long_as_it_says(given: dict[str, float], taken: tuple[float, float]) -> None:
    fault = parse_rule({"fault": "slow", **given}).fault
    assert (fault.min, fault.max) == taken


def test_rules_are_added_all_or_none() -> None:
    faults = Faults()
    with pytest.raises(FaultError):
        faults.add([{"fault": "reset"}, {"fault": "explode"}])
    assert faults.rules == []


# --- Over the control routes --------------------------------------------------------------------------------------


def test_faults_come_and_go_while_it_runs(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 500})
    with pytest.raises(GatewayError):
        simulator.gateway().send(a_message())
    simulator.clear_faults()
    assert simulator.gateway().send(a_message()).message_id
    simulator.control("PUT", "faults", {"fault": "reset"})
    assert [rule["fault"] for rule in simulator.faults()] == ["reset"]


def test_fault_for_one_recipient_leaves_the_others_alone(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "status", "status": 400, "phone": "5491100000001"})
    simulator.gateway().send(a_message("+5491100000002"))
    with pytest.raises(GatewayError):
        simulator.gateway().send(a_message("+5491100000001"))
    assert [line["to"] for line in simulator.delivered()] == ["5491100000002@c.us"]


def test_session_that_falls_at_the_third_message(simulator: Simulator) -> None:
    simulator.add_faults({"fault": "state", "nth": 3})
    gateway = simulator.gateway()
    gateway.send(a_message())
    gateway.send(a_message())
    for _later in range(2):
        with pytest.raises(GatewayError) as caught:
            gateway.send(a_message())
        assert caught.value.code == "SESSION_NOT_READY"
    assert not gateway.status().ready
    assert len(simulator.delivered()) == 2


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("POST", "faults", {"fault": "explode"}),
        ("POST", "settings", {"capabilities": ["fly"]}),
        ("POST", "settings", {"latency": [3, 1]}),
        ("POST", "settings", {"colour": "red"}),
        ("POST", "tenants", {"tenant": "51", "state": "SLEEPING"}),
        ("POST", "tenants", {"tenant": "51", "state": "AWAITING_QR"}),
        ("POST", "tenants", {}),
        ("POST", "clock", {"advance": "much"}),
        ("POST", "scan", {"tenant": "nobody"}),
        ("POST", "scan", []),
    ],
)
def test_control_route_refuses_nonsense_and_lives_on(
    simulator: Simulator, method: str, route: str, body: object
) -> None:
    answer = simulator.raw(method, f"/_control/{route}", data=json.dumps(body).encode())
    assert answer.status_code in {400, 404}
    assert answer.json()["message"]
    assert simulator.gateway().status().ready


def test_unknown_control_route_is_told(simulator: Simulator) -> None:
    assert simulator.raw("GET", "/_control/nothing").json()["code"] == "NOT_FOUND"


def test_page_for_people_shows_the_sessions_and_escapes_them(simulator: Simulator) -> None:
    simulator.set_tenant("<script>51")
    page = simulator.raw("GET", "/_control/").text
    assert "Teléfono simulado" in page
    assert "&lt;script&gt;51" in page
    assert "<script>51" not in page
