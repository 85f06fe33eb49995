"""Acknowledgements and inbound messages: signed, repeated, out of order, tried again."""

from __future__ import annotations

import pytest

from tests.simulator import Simulator, StartSimulator
from tests.whatsapp.messages import a_message
from tests.whatsapp.simulator.receiver import Receiver
from whatsapp.contract.wire import CAPABILITIES
from whatsapp.gateways.base import Capability, GatewayError
from whatsapp.inbound import Inbound
from whatsapp.receipts import NotAuthenticError, Receipt, ReceiptKind, parse
from whatsapp.simulator.faults import Ack
from whatsapp.simulator.settings import Settings

SECRET = "ñ-secret"


@pytest.fixture
def calling(start_simulator: StartSimulator, receiver: Receiver) -> Simulator:
    """A simulator that calls the receiver back; time runs twenty times as fast."""
    simulator = start_simulator(callback_url=receiver.url, callback_secret=SECRET, speed=20.0)
    receiver.wait_for(1)  # the session that became READY at the start
    receiver.callbacks.clear()
    return simulator


def kinds(receiver: Receiver) -> list[str]:
    return [event["data"]["ack"] for event in receiver.events("message.ack")]


def test_message_is_acknowledged_step_by_step(calling: Simulator, receiver: Receiver) -> None:
    message = a_message()
    result = calling.gateway().send(message)
    callbacks = receiver.wait_for(3)
    events = [event for callback in callbacks for event in parse(callback.body, callback.signature, SECRET)]
    receipts = sorted((event for event in events if isinstance(event, Receipt)), key=lambda receipt: receipt.at)
    assert [receipt.kind for receipt in receipts] == [ReceiptKind.SERVER, ReceiptKind.DELIVERED, ReceiptKind.READ]
    for receipt in receipts:
        assert receipt.message_id == result.message_id
        assert receipt.client_message_id == message.client_message_id
        assert receipt.tenant_id == "51"


def test_callbacks_are_signed_over_the_raw_body(calling: Simulator, receiver: Receiver) -> None:
    calling.gateway().send(a_message())
    callback = receiver.wait_for(1)[0]
    assert parse(callback.body, callback.signature, SECRET)
    with pytest.raises(NotAuthenticError):
        parse(callback.body, callback.signature, "another")
    with pytest.raises(NotAuthenticError):
        parse(callback.body + b" ", callback.signature, SECRET)


def test_manager_without_echo_does_not_tell_our_id(calling: Simulator, receiver: Receiver) -> None:
    calling.change_settings(capabilities=[name for name in CAPABILITIES if name != Capability.ECHO])
    calling.gateway().send(a_message())
    assert "client_message_id" not in receiver.wait_for(1)[0].event()["data"]


def test_manager_without_callbacks_sends_none(start_simulator: StartSimulator, receiver: Receiver) -> None:
    simulator = start_simulator(settings=Settings(capabilities=frozenset()), callback_url=receiver.url, speed=100.0)
    simulator.gateway().send(a_message())
    simulator.wait_until_quiet()
    assert receiver.callbacks == []


def test_callback_that_is_not_taken_is_tried_again(calling: Simulator, receiver: Receiver) -> None:
    receiver.statuses += [500, 302]
    calling.change_settings(acks=["server"])
    calling.gateway().send(a_message())
    callbacks = receiver.wait_for(3)
    assert len({callback.body for callback in callbacks}) == 1
    calling.wait_until_quiet()
    assert calling.stats()["callbacks"] == {"pending": 0, "delivered": 2, "given_up": 0}


def test_callback_is_given_up_after_the_last_try(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(callback_url="http://127.0.0.1:9/{cliente_id}", speed=1000.0, tenants=())
    simulator.set_tenant("51")
    simulator.wait_until_quiet()
    assert simulator.stats()["callbacks"]["given_up"] == 1


def test_acknowledgements_out_of_order_and_many_times(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults({"fault": "callbacks", "acks": [{"ack": "read", "times": 3}, {"ack": "server", "after": 20}]})
    calling.gateway().send(a_message())
    receiver.wait_for(4)
    assert kinds(receiver) == ["read", "read", "read", "server"]


def test_acknowledgement_before_the_answer(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults(
        {"fault": "callbacks", "acks": ["server", "delivered"], "before_response": True},
    )
    result = calling.gateway().send(a_message())
    # No waiting: they were taken before the answer came.
    assert sorted(kinds(receiver)) == ["delivered", "server"]
    assert receiver.callbacks[0].event()["data"]["message_id"] == result.message_id


def test_acknowledgement_of_an_id_that_nobody_knows(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults({"fault": "callbacks", "acks": [{"ack": "read", "message_id": "unheard-of"}]})
    calling.gateway().send(a_message())
    data = receiver.wait_for(1)[0].event()["data"]
    assert data == {"message_id": "unheard-of", "ack": "read"}


def test_no_acknowledgement_at_all(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults({"fault": "callbacks"})
    calling.gateway().send(a_message())
    calling.wait_until_quiet()
    assert kinds(receiver) == []


def test_late_refusal_says_why(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults(
        {
            "fault": "callbacks",
            "acks": ["server", {"ack": "failed", "after": 5, "error_code": "463", "error_text": "no"}],
        }
    )
    calling.gateway().send(a_message())
    callback = receiver.wait_for(2)[1]
    (receipt,) = parse(callback.body, callback.signature, SECRET)
    assert isinstance(receipt, Receipt)
    assert (receipt.kind, receipt.error_code, receipt.error_text) == (ReceiptKind.FAILED, "463", "no")


def test_acknowledgement_comes_although_the_answer_was_lost(calling: Simulator, receiver: Receiver) -> None:
    calling.add_faults({"fault": "reset"})
    message = a_message()
    with pytest.raises(GatewayError):
        calling.gateway().send(message)
    data = receiver.wait_for(1)[0].event()["data"]
    assert data["client_message_id"] == str(message.client_message_id)


def test_nobody_reads_when_told_so(start_simulator: StartSimulator, receiver: Receiver) -> None:
    settings = Settings(read_ratio=0.0, acks=(Ack(ack="delivered"), Ack(ack="read")))
    simulator = start_simulator(settings=settings, callback_url=receiver.url, speed=100.0)
    simulator.gateway().send(a_message())
    simulator.wait_until_quiet()
    assert kinds(receiver) == ["delivered"]


def test_somebody_writes_to_the_session(calling: Simulator, receiver: Receiver) -> None:
    calling.inbound("51", sender="5491144445555", text="BAJA")
    callback = receiver.wait_for(1)[0]
    (inbound,) = parse(callback.body, callback.signature, SECRET)
    assert isinstance(inbound, Inbound)
    assert (inbound.tenant_id, inbound.phone, inbound.lid, inbound.text) == ("51", "+5491144445555", "", "BAJA")


def test_somebody_whose_number_is_hidden_writes(calling: Simulator, receiver: Receiver) -> None:
    calling.inbound("51", sender="5491144445555", text="hola", lid="123456789012345")
    callback = receiver.wait_for(1)[0]
    (inbound,) = parse(callback.body, callback.signature, SECRET)
    assert isinstance(inbound, Inbound)
    assert (inbound.phone, inbound.lid) == ("+5491144445555", "123456789012345")


def test_any_callback_with_a_wrong_signature(calling: Simulator, receiver: Receiver) -> None:
    calling.callback("51", {"event": "anything", "at": "x"}, times=2, signature="sha256=00")
    callbacks = receiver.wait_for(2)
    assert [callback.signature for callback in callbacks] == ["sha256=00", "sha256=00"]
    assert callbacks[0].event() == {"event": "anything", "at": "x"}
