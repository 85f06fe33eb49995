"""Nothing is sent twice, and nothing is claimed without WhatsApp's own id."""

from __future__ import annotations

import asyncio
import concurrent.futures
import shutil
import threading
from pathlib import Path

import pytest

from tests.whatsapp.messages import a_message
from tests.whatsapp.session_manager.conftest import Start
from tests.whatsapp.session_manager.running import Running, running
from tests.whatsapp.simulator.receiver import Receiver
from whatsapp.gateways.base import GatewayError, OutboundMessage, Outcome, Scope
from whatsapp.session_manager.phone import End, PhoneError, Trouble


def refusal(manager: Running, message: OutboundMessage) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        manager.gateway().send(message)
    return caught.value


def held(manager: Running) -> asyncio.Event:
    """Sends stay on their way, delivered, until it is set."""

    async def made() -> asyncio.Event:
        manager.whatsapp.hold = asyncio.Event()
        return manager.whatsapp.hold

    return manager.run(made())


class Sent:
    """A send in a thread of its own, delivered and not answered."""

    def __init__(self, manager: Running, message: OutboundMessage) -> None:
        self.hold = held(manager)
        self.manager = manager
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        before = len(manager.whatsapp.delivered)
        self.answer = self.pool.submit(manager.gateway().send, message)
        manager.wait(lambda: len(manager.whatsapp.delivered) > before)

    def release(self) -> None:
        self.manager.do(self.hold.set)
        self.pool.shutdown()


def test_a_message_goes_out_and_is_answered_with_whatsapps_id(manager: Running) -> None:
    message = a_message(text="Ñandú 🦤\n@5491123456789")
    result = manager.gateway().send(message)
    (delivered,) = manager.whatsapp.delivered
    assert (delivered.to, delivered.text, delivered.message_id) == ("5491123456789", message.text, result.message_id)


def test_a_repeated_id_is_answered_alike_and_delivered_once_over_a_restart_too(tmp_path: Path) -> None:
    message = a_message()
    with running(tmp_path) as first:
        first.link()
        result = first.gateway().send(message)
        assert first.gateway().send(message).message_id == result.message_id
    with running(tmp_path, whatsapp=first.whatsapp) as second:
        assert second.gateway().send(message).message_id == result.message_id
    assert len(first.whatsapp.delivered) == 1


def test_a_process_that_died_between_send_and_answer_never_sends_it_again(manager: Running, tmp_path: Path) -> None:
    message = a_message()
    sent = Sent(manager, message)
    left = tmp_path / "left"
    left.mkdir()
    for part in ("disk", "memory"):  # as a kill leaves it
        shutil.copytree(tmp_path / part, left / part)
    with running(left) as second:
        second.wait(lambda: second.line().ready)
        error = refusal(second, message)
        assert (error.outcome, error.code, error.http_status) == (Outcome.UNKNOWN, "GATEWAY_ERROR", 504)
        with pytest.raises(GatewayError) as caught:
            second.gateway().lookup(message.client_message_id)
        assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "OUTCOME_UNKNOWN")
        assert second.whatsapp.delivered == []
    sent.release()


def test_two_requests_with_one_id_at_once_are_one_message(manager: Running) -> None:
    message = a_message()
    sent = Sent(manager, message)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        second = pool.submit(manager.gateway().send, message)
        sent.release()
        assert second.result().message_id == sent.answer.result().message_id
    assert len(manager.whatsapp.delivered) == 1


def test_one_message_of_a_line_is_on_its_way_at_a_time(manager: Running) -> None:
    sent = Sent(manager, a_message())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        second = pool.submit(manager.gateway().send, a_message())
        manager.advance(1)
        assert len(manager.whatsapp.delivered) == 1
        sent.release()
        assert second.result().message_id
    assert len(manager.whatsapp.delivered) == 2


def test_a_message_without_an_id_of_ours_goes_out(manager: Running) -> None:
    body = {"to": "5491123456789@c.us", "message": "hola"}
    answer = manager.raw("POST", "/send", json=body, headers={"X-Cliente-Id": "51"}).json()
    assert answer == {"ok": True, "message_id": manager.whatsapp.delivered[0].message_id}


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_a_message_that_provably_never_left_may_be_tried_again(manager: Running) -> None:
    manager.whatsapp.before.append(PhoneError(Trouble.NOT_SENT, "server returned error 479", whatsapp_code=479))
    message = a_message()
    error = refusal(manager, message)
    assert (error.outcome, error.scope, error.code) == (Outcome.NOT_SENT, Scope.MESSAGE, "WHATSAPP_ERROR")
    assert manager.gateway().lookup(message.client_message_id) is None
    assert manager.gateway().send(message).message_id
    assert len(manager.whatsapp.delivered) == 1


@pytest.mark.parametrize(
    ("trouble", "code", "scope"),
    [
        (Trouble.FIRST_CONTACT, "FIRST_CONTACT_REFUSED", Scope.COLD),
        (Trouble.NOT_ON_WHATSAPP, "NOT_ON_WHATSAPP", Scope.MESSAGE),
    ],
)
def test_what_whatsapp_refused_for_good_is_never_asked_again(
    manager: Running, trouble: Trouble, code: str, scope: Scope
) -> None:
    manager.whatsapp.before.append(PhoneError(trouble, "no", whatsapp_code=463))
    message = a_message()
    for _time in range(2):
        error = refusal(manager, message)
        assert (error.outcome, error.scope, error.code) == (Outcome.REFUSED, scope, code)
    with pytest.raises(GatewayError) as caught:
        manager.gateway().lookup(message.client_message_id)
    assert caught.value.outcome is Outcome.REFUSED
    assert manager.whatsapp.delivered == []


def test_one_that_whatsapp_slows_down_waits(manager: Running) -> None:
    manager.whatsapp.before.append(PhoneError(Trouble.RATE_LIMITED, "server returned error 429"))
    error = refusal(manager, a_message())
    assert (error.outcome, error.scope, error.code, error.retry_after) == (
        Outcome.NOT_SENT,
        Scope.SESSION,
        "RATE_LIMITED",
        60.0,
    )


def test_a_doubt_stays_a_doubt_however_often_it_is_asked(manager: Running) -> None:
    manager.whatsapp.before.append(PhoneError(Trouble.UNKNOWN, "timed out waiting for message send response"))
    message = a_message()
    for _time in range(2):
        assert refusal(manager, message).outcome is Outcome.UNKNOWN
    assert manager.whatsapp.delivered == []


def test_a_broken_phone_is_a_doubt(manager: Running) -> None:
    def breaks() -> None:
        raise RuntimeError("a bug")

    manager.whatsapp.after.append(breaks)
    message = a_message()
    assert refusal(manager, message).outcome is Outcome.UNKNOWN
    assert refusal(manager, message).outcome is Outcome.UNKNOWN
    assert len(manager.whatsapp.delivered) == 1


def test_a_message_without_whatsapps_id_is_not_claimed(manager: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager.whatsapp, "next_id", lambda: "")
    error = refusal(manager, a_message())
    assert (error.outcome, error.http_status) == (Outcome.UNKNOWN, 504)


def test_an_answer_that_comes_too_late_is_written_down_and_told(start: Start, receiver: Receiver) -> None:
    manager = start(callback_url=receiver.url)
    manager.link()
    message = a_message()
    sent = Sent(manager, message)
    manager.advance(81)
    error = sent.answer.exception()
    assert isinstance(error, GatewayError)
    assert error.outcome is Outcome.UNKNOWN
    sent.release()
    manager.wait(lambda: any(event["event"] == "message.ack" for event in receiver.all()))
    found = manager.gateway().lookup(message.client_message_id)
    assert found is not None
    assert found.message_id == manager.whatsapp.delivered[0].message_id
    (ack,) = [event["data"] for event in receiver.all() if event["event"] == "message.ack"]
    assert ack == {
        "message_id": found.message_id,
        "ack": "server",
        "client_message_id": str(message.client_message_id),
    }


def test_whoever_asked_may_leave_and_the_message_is_settled_all_the_same(manager: Running) -> None:
    message = a_message()
    hold = held(manager)
    with pytest.raises(GatewayError):
        manager.gateway(send_timeout=0.3).send(message)
    manager.do(hold.set)
    found = manager.gateway().lookup(message.client_message_id)
    assert found is not None
    assert found.message_id == manager.whatsapp.delivered[0].message_id


def test_a_process_that_ends_lets_a_message_end_first(tmp_path: Path) -> None:
    message = a_message()
    with running(tmp_path) as first:
        first.link()
        sent = Sent(first, message)
        threading.Timer(0.3, first.loop.call_soon_threadsafe, (sent.hold.set,)).start()
    assert sent.answer.result(timeout=5).message_id == first.whatsapp.delivered[0].message_id


# --- Lines that can't send --------------------------------------------------------------------------------------------


def test_a_line_that_is_not_ready_sends_nothing_and_burns_no_id(start: Start) -> None:
    manager = start()
    message = a_message()
    error = refusal(manager, message)
    assert (error.outcome, error.scope, error.code) == (Outcome.NOT_SENT, Scope.SESSION, "SESSION_NOT_READY")
    manager.link()
    assert manager.gateway().send(message).message_id


@pytest.mark.parametrize(
    ("end", "code"),
    [(End.LOGGED_OUT, "LOGGED_OUT"), (End.BANNED, "BANNED"), (End.REPLACED, "SESSION_NOT_READY")],
)
def test_a_line_that_whatsapp_ended_says_so(manager: Running, end: End, code: str) -> None:
    manager.do(lambda: manager.whatsapp.phone().fall(end))
    manager.wait(lambda: manager.line().reason == end)
    error = refusal(manager, a_message())
    assert (error.outcome, error.code) == (Outcome.NOT_SENT, code)


def test_a_phone_that_lost_its_connection_under_a_message_is_not_ready(manager: Running) -> None:
    manager.whatsapp.before.append(PhoneError(Trouble.NOT_CONNECTED, "websocket not connected"))
    message = a_message()
    assert refusal(manager, message).code == "SESSION_NOT_READY"
    assert manager.gateway().send(message).message_id
