"""A phone as a process: what it says, how it dies, and what that means for a message."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from whatsapp.session_manager import child_phone
from whatsapp.session_manager.child_phone import ChildPhone
from whatsapp.session_manager.phone import Acknowledged, Connected, End, Event, Gone, PhoneError, Received, Trouble

PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_program.py")))


def talk(test: Callable[[ChildPhone, list[Event]], Awaitable[None]], *, proxy: str = "") -> list[Event]:
    """Run a test over an open phone; returns what was heard."""
    heard: list[Event] = []

    async def main() -> None:
        phone = ChildPhone(Path("/nowhere"), heard.append, proxy=proxy, program=PROGRAM)
        await phone.open()
        try:
            await test(phone, heard)
        finally:
            await phone.close()

    asyncio.run(main())
    return heard


async def until(heard: list[Event], count: int) -> None:
    async with asyncio.timeout(30):
        while len(heard) < count:  # noqa: ASYNC110 - it is told by a plain call
            await asyncio.sleep(0.01)


def test_it_answers_and_tells_and_what_the_library_prints_is_nothing() -> None:
    async def test(phone: ChildPhone, heard: list[Event]) -> None:
        assert await phone.send("5491123456789", "hola\nÑandú") == "A0"
        assert await phone.send("5491123456789", "write") == "A2"
        await until(heard, 3)

    connected, received, acknowledged = talk(test)
    assert connected == Connected(phone="+5491155550000")
    assert isinstance(received, Received)
    assert (received.sender, received.sender_phone, received.kind, received.text) == (
        "123456789012345@lid",
        "5491144445555",
        "image",
        "mira",
    )
    assert received.at <= dt.datetime.now(dt.UTC)  # a phone's clock may be ahead
    assert acknowledged == Acknowledged(
        message_ids=("A1", "A2"), ack="read", at=dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)
    )


def test_what_it_refuses_keeps_whatsapps_code() -> None:
    async def test(phone: ChildPhone, _heard: list[Event]) -> None:
        with pytest.raises(PhoneError) as caught:
            await phone.send("5491123456789", "refuse")
        assert (caught.value.trouble, caught.value.whatsapp_code) == (Trouble.FIRST_CONTACT, 463)

    talk(test)


@pytest.mark.parametrize("text", ["die", "flood"])
def test_a_process_that_dies_under_a_message_leaves_a_doubt_and_is_gone(text: str) -> None:
    async def test(phone: ChildPhone, heard: list[Event]) -> None:
        with pytest.raises(PhoneError) as caught:
            await phone.send("5491123456789", text)
        assert caught.value.trouble is Trouble.UNKNOWN
        await until(heard, 2)
        with pytest.raises(PhoneError) as caught:
            await phone.send("5491123456789", "hola")
        assert caught.value.trouble is Trouble.NOT_CONNECTED

    gone = talk(test)[-1]
    assert isinstance(gone, Gone)
    assert gone.end is End.NETWORK


def test_it_is_given_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIELD_ENCRYPTION_KEY", "SECRET_KEY", "SESSION_MANAGER_TOKEN", "DATABASE_URL"):
        monkeypatch.setenv(name, "secret")
    found: list[str] = []

    async def test(phone: ChildPhone, _heard: list[Event]) -> None:
        found.extend((await phone.send("5491123456789", "environment")).split())

    talk(test)
    assert "PATH" in found
    assert set(found) <= {*child_phone._KEPT, "LC_CTYPE"}


def test_one_that_does_not_end_when_asked_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_phone, "ASKED", 0.1)
    process: list[asyncio.subprocess.Process] = []

    async def test(phone: ChildPhone, heard: list[Event]) -> None:
        await until(heard, 1)
        assert phone._process is not None
        process.append(phone._process)

    heard = talk(test, proxy="deaf")
    assert process[0].returncode is not None
    assert heard == [Connected(phone="+5491155550000")]  # it was asked to go: nobody is told that it went
