"""Pairing against our clock, by a code to scan or to type, with the number that the line belongs to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.whatsapp.messages import a_message
from tests.whatsapp.session_manager.conftest import Start
from tests.whatsapp.session_manager.double import DoublePhone
from tests.whatsapp.session_manager.running import SPEED, Running, running
from whatsapp.contract.wire import CODE_LIVES
from whatsapp.gateways.base import GatewayError, SessionState, SessionStatus, TypedCode
from whatsapp.session_manager import line
from whatsapp.session_manager import manager as manager_module
from whatsapp.session_manager.phone import End

PHONE = "+5491155550000"


@pytest.fixture
def pairing(start: Start) -> Running:
    """One whose line "51" shows its first code."""
    manager = start()
    manager.gateway().connect()
    manager.wait_for("51", SessionState.AWAITING_QR)
    return manager


def qr(manager: Running) -> str:
    code = manager.gateway().pairing_code()
    assert code is not None
    return code.qr


def reason(manager: Running) -> object:
    return manager.raw("GET", "/status", headers={"X-Cliente-Id": "51"}).json().get("reason")


def test_a_scanned_code_links_the_phone(pairing: Running) -> None:
    pairing.scan(phone=PHONE)
    pairing.wait_for("51", SessionState.READY)
    assert pairing.gateway().status() == SessionStatus(state=SessionState.READY, can_send=True, phone=PHONE)
    assert pairing.gateway().pairing_code() is None
    assert pairing.gateway().send(a_message()).message_id


def test_the_first_code_lives_sixty_seconds_and_five_more_twenty(pairing: Running) -> None:
    codes = [qr(pairing)]
    for life in CODE_LIVES[:-1]:
        pairing.advance(life - 1)
        assert qr(pairing) == codes[-1]
        pairing.advance(1.5)
        codes.append(qr(pairing))
    assert len(set(codes)) == 6
    pairing.advance(20)
    pairing.wait_for("51", SessionState.DISCONNECTED)
    assert (pairing.gateway().pairing_code(), reason(pairing)) == (None, "QR_EXPIRED")
    assert pairing.whatsapp.closed == pairing.whatsapp.dials == 1


def test_pairing_begins_anew_after_it_ran_out(pairing: Running) -> None:
    for life in CODE_LIVES:
        pairing.advance(life + 0.5)
    pairing.wait_for("51", SessionState.DISCONNECTED)
    pairing.link()


def test_a_code_that_is_over_is_not_shown(pairing: Running) -> None:
    """The library's next one is late."""
    pairing.whatsapp.phone()._showing.cancel()  # type: ignore[union-attr]
    pairing.advance(61)
    assert pairing.gateway().pairing_code() is None
    assert pairing.gateway().status().state is SessionState.AWAITING_QR


def test_a_code_to_type_comes_without_its_dash_and_ends_with_the_pairing(pairing: Running) -> None:
    code = pairing.gateway().typed_code("+5491144440001")
    assert isinstance(code, TypedCode)
    scanned = pairing.gateway().pairing_code()
    assert scanned is not None
    assert code.code == "ABCD1234"
    assert round((code.expires_at - scanned.expires_at).total_seconds() * SPEED) == 100


def test_whatsapp_gives_no_code_to_type_too_often(pairing: Running) -> None:
    with pytest.raises(GatewayError) as caught:
        pairing.gateway().typed_code("+5491144440000")
    assert (caught.value.code, caught.value.retry_after) == ("RATE_LIMITED", 300.0)


def test_no_code_to_type_without_a_pairing(manager: Running) -> None:
    assert manager.gateway().typed_code("+5491144440001") is None


def test_a_closed_line_opens_without_a_code_until_it_is_logged_out(manager: Running) -> None:
    manager.gateway().disconnect()
    assert (manager.gateway().status().state, reason(manager)) == (SessionState.DISCONNECTED, "REQUESTED")
    manager.gateway().connect()
    manager.wait_for("51", SessionState.READY)
    manager.gateway().logout()
    assert (manager.whatsapp.logged_out, manager.gateway().status().phone) == (1, "")
    manager.gateway().connect()
    manager.wait_for("51", SessionState.AWAITING_QR)


def test_logging_out_leaves_no_credentials(manager: Running, tmp_path: Path) -> None:
    assert list((tmp_path / "memory").glob("*/*"))
    manager.gateway().logout()
    assert [*(tmp_path / "disk" / "credentials").iterdir(), *(tmp_path / "memory").glob("*/*")] == []


def test_a_phone_of_another_number_is_logged_out_and_told(manager: Running, tmp_path: Path) -> None:
    manager.do(lambda: manager.whatsapp.phone().fall(End.LOGGED_OUT))
    manager.wait(lambda: manager.line().reason == "LOGGED_OUT")
    manager.gateway().connect()
    manager.wait_for("51", SessionState.AWAITING_QR)
    manager.scan(phone="+5491199990000")
    manager.wait(lambda: manager.line().reason == "WRONG_ACCOUNT")
    assert manager.whatsapp.logged_out == 1
    assert list((tmp_path / "disk" / "credentials").iterdir()) == []
    with pytest.raises(GatewayError):
        manager.gateway().send(a_message())
    # Its own number is welcome, and another one after the line was logged out on purpose.
    manager.link(phone=PHONE)
    manager.gateway().logout()
    manager.link(phone="+5491199990000")


def test_credentials_are_sealed_before_the_line_is_ready(manager: Running, tmp_path: Path) -> None:
    (sealed,) = (tmp_path / "disk" / "credentials").iterdir()
    assert PHONE.encode() not in sealed.read_bytes()
    assert not any(PHONE.encode() in path.read_bytes() for path in (tmp_path / "disk").iterdir() if path.is_file())


def test_connecting_twice_is_connecting_once(pairing: Running) -> None:
    before = qr(pairing)
    pairing.gateway().connect()
    assert (qr(pairing), pairing.whatsapp.dials) == (before, 1)


def test_lines_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    with running(tmp_path, names=("51",)) as manager:
        assert manager.gateway("51").status().state is SessionState.DISCONNECTED
        with pytest.raises(GatewayError) as caught:
            manager.gateway("52").connect()
        assert caught.value.code == "UNKNOWN_SESSION"


def test_asking_about_a_line_makes_none(start: Start) -> None:
    manager = start()
    assert manager.gateway("99").status().state is SessionState.DISCONNECTED
    manager.gateway("99").disconnect()
    assert manager.do(manager.world.store.lines) == []


def test_a_log_out_that_whatsapp_does_not_answer_forgets_the_credentials_all_the_same(
    manager: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_phone: DoublePhone) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(DoublePhone, "log_out", never)
    monkeypatch.setattr(line, "CLOSING", 0.05)
    manager.gateway().logout()
    assert list((tmp_path / "disk" / "credentials").iterdir()) == []


def test_a_code_to_type_that_whatsapp_does_not_give_is_none(pairing: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_phone: DoublePhone, _number: str) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(DoublePhone, "pair_by_code", never)
    monkeypatch.setattr(manager_module, "CODE_PATIENCE", 0.05)
    assert pairing.gateway().typed_code("+5491144440001") is None


def test_a_typing_indicator_is_asked_for_and_nobody_waits_for_it(manager: Running) -> None:
    manager.gateway().show_typing("+5491123456789", 2.5)
    manager.wait(lambda: manager.whatsapp.typing == [("5491123456789", 2.5)])
