"""What happened is told until it is taken, over restarts too, signed, and within bounds."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.whatsapp.messages import a_message
from tests.whatsapp.session_manager.conftest import Start
from tests.whatsapp.session_manager.running import KEY, Running, running
from tests.whatsapp.simulator.receiver import Receiver
from whatsapp.inbound import Content, Inbound
from whatsapp.receipts import Receipt, ReceiptKind, SessionChange, parse
from whatsapp.session_manager.store import Store


@pytest.fixture
def telling(start: Start, receiver: Receiver) -> Running:
    """A manager whose line "51" is ready, which was told."""
    manager = start(callback_url=receiver.url)
    manager.link()
    manager.wait(lambda: manager.world.store.untold == 0)
    receiver.callbacks.clear()
    return manager


def told(receiver: Receiver, manager: Running) -> list[object]:
    """Every event, as LeadMaster reads it."""
    manager.wait(lambda: manager.world.store.untold == 0)
    return [event for call in receiver.callbacks for event in parse(call.body, call.signature, "s")]


def test_each_step_of_pairing_is_told_in_order(start: Start, receiver: Receiver) -> None:
    manager = start(callback_url=receiver.url)
    manager.link(phone="+5491155550000")
    changes = [event for event in told(receiver, manager) if isinstance(event, SessionChange)]
    assert [change.state for change in changes] == ["CONNECTING", "AWAITING_QR", "CONNECTING", "READY"]
    assert (changes[-1].phone, changes[-1].can_send, changes[-1].tenant_id) == ("+5491155550000", True, "51")


def test_a_message_is_acknowledged_step_by_step_with_our_id(telling: Running, receiver: Receiver) -> None:
    message = a_message()
    sent = telling.gateway().send(message).message_id
    for ack in ("delivered", "read"):
        telling.do(lambda ack=ack: telling.whatsapp.phone().acknowledge(sent, ack))  # type: ignore[misc]
    receipts = [event for event in told(receiver, telling) if isinstance(event, Receipt)]
    assert [receipt.kind for receipt in receipts] == [ReceiptKind.SERVER, ReceiptKind.DELIVERED, ReceiptKind.READ]
    assert {(receipt.message_id, receipt.client_message_id) for receipt in receipts} == {
        (sent, message.client_message_id)
    }


def test_an_acknowledgement_before_the_answer_is_not_lost(
    telling: Running, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = telling.whatsapp
    world.after.append(lambda: world.phone().acknowledge(world.delivered[-1].message_id, "read"))
    telling.gateway().send(a_message())
    receipts = [event for event in told(receiver, telling) if isinstance(event, Receipt)]
    assert [receipt.kind for receipt in receipts] == [ReceiptKind.SERVER, ReceiptKind.READ]


def test_what_was_written_on_the_phone_itself_is_nobodys_receipt(telling: Running, receiver: Receiver) -> None:
    telling.do(lambda: telling.whatsapp.phone().acknowledge("3EB0BYHAND", "read"))
    assert told(receiver, telling) == []


@pytest.mark.parametrize(
    ("sender", "phone", "expected"),
    [
        ("5491144445555@c.us", "5491144445555", ("+5491144445555", "")),
        ("123456789012345@lid", "5491144445555", ("+5491144445555", "123456789012345")),
        ("123456789012345@lid", "", ("", "123456789012345")),
    ],
)
def test_who_writes_is_told_by_number_and_lid(
    telling: Running, receiver: Receiver, sender: str, phone: str, expected: tuple[str, str]
) -> None:
    telling.do(lambda: telling.whatsapp.phone().receive("hola", sender=sender, phone=phone))
    (inbound,) = told(receiver, telling)
    assert isinstance(inbound, Inbound)
    assert ((inbound.phone, inbound.lid), inbound.text, inbound.content) == (expected, "hola", Content.TEXT)


@pytest.mark.parametrize(("kind", "content"), [("image", Content.IMAGE), ("reaction", Content.OTHER)])
def test_media_is_a_named_placeholder_with_its_caption(
    telling: Running, receiver: Receiver, kind: str, content: Content
) -> None:
    telling.do(lambda: telling.whatsapp.phone().receive("mira", sender="5491144445555@c.us", kind=kind))
    (inbound,) = told(receiver, telling)
    assert isinstance(inbound, Inbound)
    assert (inbound.text, inbound.content) == ("mira", content)


def test_what_nobody_takes_waits_longer_each_time_and_arrives_once(telling: Running, receiver: Receiver) -> None:
    receiver.statuses += [500, 302, 401]
    telling.do(lambda: telling.whatsapp.phone().receive("hola", sender="5491144445555@c.us"))
    for tries in (1, 2, 3):
        receiver.wait_for(tries)
        telling.wait(lambda: not telling.outbox_busy())
        telling.advance(5)
    assert len(told(receiver, telling)) == 4  # the same event four times, of which the last was taken
    assert len({event["id"] for event in receiver.all()}) == 1


def test_what_was_not_told_before_the_end_is_told_by_the_next_process(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path, callback_url="http://127.0.0.1:9/{cliente_id}") as first:
        first.link()
        first.do(lambda: first.whatsapp.phone().receive("¿precio?", sender="5491144445555@c.us"))
    for path in (tmp_path / "disk").iterdir():
        if path.is_file():
            assert "¿precio?".encode() not in path.read_bytes()
            assert b"5491144445555" not in path.read_bytes()
    with running(tmp_path, callback_url=receiver.url) as second:
        second.wait(lambda: second.world.store.untold == 0)
    texts = [event["data"]["text"] for event in receiver.all() if event["event"] == "message.inbound"]
    assert texts == ["¿precio?"]


def test_an_event_that_is_refused_for_good_holds_up_no_other_and_is_not_lost(
    telling: Running, receiver: Receiver
) -> None:
    receiver.statuses += [400, 400]  # the three together, then the first of them alone
    phone = telling.whatsapp.phone()

    def write() -> None:
        for text in ("uno", "dos", "tres"):
            phone.receive(text, sender="5491144445555@c.us")

    telling.do(write)
    for left in (3, 0):
        telling.wait(lambda left=left: telling.world.store.untold == left and not telling.outbox_busy())  # type: ignore[misc]
        telling.advance(5)
    texts = [event["data"]["text"] for event in receiver.all()]
    assert texts == ["uno", "dos", "tres", "uno", "dos", "tres", "uno"]


def test_a_manager_that_tells_nobody_keeps_nothing_and_says_so(manager: Running) -> None:
    manager.gateway().send(a_message())
    assert manager.world.store.untold == 0
    assert not {"callbacks", "echo"} & {str(name) for name in manager.gateway().health().capabilities}


def test_there_is_room_for_so_many_and_what_matters_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "manager.sqlite3", key_hex=KEY, max_events=3)
    now = dt.datetime.now(dt.UTC)
    for number, matters in enumerate((True, False, True, False, True)):
        store.keep("51", {"number": number}, at=now, matters=matters)
    assert [kept.body["number"] for kept in store.oldest("51", 10)] == [0, 2, 4]
    assert (store.untold, store.dropped) == (3, 2)
    store.keep("51", {"number": 5}, at=now, matters=True)
    assert [kept.body["number"] for kept in store.oldest("51", 10)] == [2, 4, 5]
    assert store.give_up(before=now + dt.timedelta(seconds=1)) == 3
    assert store.untold == 0
    store.close()
