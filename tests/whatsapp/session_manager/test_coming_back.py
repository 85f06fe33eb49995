"""After the network: back-off with jitter. After WhatsApp said no: nothing. After a restart: as it was. For ever: flat."""

from __future__ import annotations

import gc
import logging
import tracemalloc
from pathlib import Path

import pytest

from tests.whatsapp.messages import a_message
from tests.whatsapp.session_manager.conftest import Start
from tests.whatsapp.session_manager.double import DoublePhone
from tests.whatsapp.session_manager.running import Running, running
from whatsapp.gateways.base import SessionState
from whatsapp.session_manager.line import LONGEST_DELAY
from whatsapp.session_manager.phone import FINAL, End


def fall(manager: Running, end: End = End.NETWORK) -> None:
    manager.do(lambda: manager.whatsapp.phone().fall(end))


def waits(manager: Running) -> float:
    """Seconds of simulated time until the next dial."""
    before, passed = manager.whatsapp.dials, 0.0
    while manager.whatsapp.dials == before:
        manager.advance(0.5)
        passed += 0.5
        assert passed < 1000
    return passed


def test_a_line_comes_back_after_the_network_did(manager: Running) -> None:
    manager.advance(61)
    fall(manager)
    manager.wait_for("51", SessionState.CONNECTING)
    assert waits(manager) <= 2.5
    manager.wait_for("51", SessionState.READY)
    assert manager.gateway().send(a_message()).message_id


def test_each_try_waits_longer_up_to_a_bound_and_never_in_step(manager: Running) -> None:
    manager.whatsapp.offline = True
    fall(manager)
    found = [waits(manager) for _try in range(10)]
    expected = [min(2.0 * 2**number, LONGEST_DELAY) for number in range(10)]
    for waited, longest in zip(found, expected, strict=True):
        assert longest / 2 <= waited <= longest + 0.5, found
    assert found[-3:] != expected[-3:]  # jitter
    manager.whatsapp.offline = False
    manager.advance(LONGEST_DELAY)
    manager.wait_for("51", SessionState.READY)


def test_a_connection_that_held_begins_the_back_off_anew(manager: Running) -> None:
    manager.whatsapp.offline = True
    fall(manager)
    for _try in range(6):
        waits(manager)
    manager.whatsapp.offline = False
    manager.advance(LONGEST_DELAY)
    manager.wait_for("51", SessionState.READY)
    manager.advance(61)
    fall(manager)
    assert waits(manager) <= 2.5


@pytest.mark.parametrize("end", sorted(FINAL - {End.IDLE, End.REQUESTED, End.QR_EXPIRED}))
def test_nothing_is_dialled_after_a_no(manager: Running, end: End) -> None:
    fall(manager, end)
    manager.wait_for("51", SessionState.DISCONNECTED)
    manager.advance(24 * 3600)
    assert (manager.whatsapp.dials, manager.line().reason) == (1, end)


def test_a_phone_that_tells_nothing_is_taken_for_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = start()
    monkeypatch.setattr(DoublePhone, "_show_codes", _nothing)
    manager.gateway().connect()
    for _try in range(3):
        manager.advance(61)
        manager.advance(10)
    manager.wait_for("51", SessionState.DISCONNECTED)
    assert (manager.line().reason, manager.whatsapp.dials) == ("NETWORK", 3)


async def _nothing(_phone: DoublePhone) -> None:
    """It dialled, and that was all."""


def test_pairing_without_a_network_gives_up_and_says_so(start: Start) -> None:
    manager = start()
    manager.whatsapp.offline = True
    manager.gateway().connect()
    for _try in range(3):
        manager.advance(10)
    manager.wait_for("51", SessionState.DISCONNECTED)
    assert (manager.line().reason, manager.whatsapp.dials) == ("NETWORK", 3)


def test_lines_that_were_open_come_back_with_the_next_process_and_no_others(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        first.link("51", phone="+5491155550001")
        first.link("52", phone="+5491155550002")
        first.gateway("52").disconnect()
    assert list((tmp_path / "memory").glob("*/*")) == []
    with running(tmp_path) as second:
        second.wait_for("51", SessionState.READY)
        assert second.gateway("51").status().phone == "+5491155550001"
        second.advance(60)
        assert second.gateway("52").status().state is SessionState.DISCONNECTED


def test_an_idle_line_closes_and_its_phone_stays_linked(tmp_path: Path) -> None:
    with running(tmp_path, idle=1800) as manager:
        manager.link()
        manager.advance(1700)
        manager.gateway().send(a_message())
        manager.advance(1700)
        assert manager.gateway().status().ready
        manager.advance(200)
        manager.wait_for("51", SessionState.DISCONNECTED)
        assert manager.line().reason == "IDLE"
        manager.gateway().connect()
        manager.wait_for("51", SessionState.READY)


def test_credentials_that_no_key_opens_stay_and_the_line_says_so(tmp_path: Path) -> None:
    with running(tmp_path, key="a1" * 32) as first:
        first.link()
    (sealed,) = (tmp_path / "disk" / "credentials").iterdir()
    content = sealed.read_bytes()
    with running(tmp_path) as second:
        second.wait(lambda: second.line().reason == "CREDENTIALS_UNREADABLE")
        assert (second.whatsapp.dials, sealed.read_bytes()) == (0, content)
        assert "51" in second.said[0]
    with running(tmp_path, old_keys=("a1" * 32,)) as third:
        third.gateway().connect()
        third.wait_for("51", SessionState.READY)


def test_a_key_that_changed_is_followed(tmp_path: Path) -> None:
    with running(tmp_path, key="a1" * 32) as first:
        first.link()
    with running(tmp_path, old_keys=("a1" * 32,)) as second:
        second.wait_for("51", SessionState.READY)
    with running(tmp_path) as third:
        third.wait_for("51", SessionState.READY)
        assert third.line().phone == "+5491155550000"


def test_memory_and_handles_stay_flat_over_a_day_of_reconnects(manager: Running) -> None:
    logging.getLogger("whatsapp.session_manager").setLevel(logging.CRITICAL)
    try:
        _reconnect(manager, 50)
        gc.collect()
        tracemalloc.start()
        before, handles = tracemalloc.get_traced_memory()[0], _handles()
        _reconnect(manager, 400)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert _handles() <= handles + 2
        assert grown < 80_000, grown
        assert manager.whatsapp.closed == manager.whatsapp.dials - 1
        assert len(manager.whatsapp.phones) == 1
    finally:
        logging.getLogger("whatsapp.session_manager").setLevel(logging.NOTSET)


def _reconnect(manager: Running, times: int) -> None:
    """Cut and dialled again, without a trip to the loop for each step."""

    async def reconnected() -> None:
        for _time in range(times):
            dials = manager.whatsapp.dials
            manager.whatsapp.phone().fall()
            while manager.whatsapp.dials == dials or not manager.line().ready:
                await manager.world.clock.advance(150.0)

    manager.run(reconnected())


def _handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
