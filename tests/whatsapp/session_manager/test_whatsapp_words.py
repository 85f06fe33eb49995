"""What the library says, in our words. Its messages are played by a stand-in with a protobuf's manners."""

from __future__ import annotations

from typing import Any

import pytest

from whatsapp.session_manager.phone import Trouble
from whatsapp.session_manager.whatsapp_words import chat_id, read_content, read_send_error, seconds


class Played:
    """A protobuf: fields that are not set are empty, and HasField knows which are."""

    conversation = ""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self.DESCRIPTOR = self

    def __getattr__(self, name: str) -> Any:
        return ""

    @property
    def fields_by_name(self) -> dict[str, object]:
        return self.__dict__

    def HasField(self, name: str) -> bool:  # noqa: N802 - as protobufs call it
        return name in self.__dict__

    def ListFields(self) -> list[tuple[Any, Any]]:  # noqa: N802
        return [(Played(name=name), value) for name, value in self.__dict__.items() if name != "DESCRIPTOR"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("server returned error 463", (Trouble.FIRST_CONTACT, 463)),
        ("failed to send: server returned error 429", (Trouble.RATE_LIMITED, 429)),
        ("server returned error 479", (Trouble.NOT_SENT, 479)),
        ("failed to send message node: websocket not connected", (Trouble.NOT_CONNECTED, None)),
        ("the store doesn't contain a device JID", (Trouble.NOT_CONNECTED, None)),
        ("failed to get device list: failed to send usync query: info query timed out", (Trouble.NOT_SENT, None)),
        # What may have left, and whatever nobody has heard of.
        ("timed out waiting for message send response", (Trouble.UNKNOWN, None)),
        ("websocket disconnected before message send returned response", (Trouble.UNKNOWN, None)),
        ("failed to send message node: write: broken pipe", (Trouble.UNKNOWN, None)),
        ("websocket not connected, then something else", (Trouble.UNKNOWN, None)),
        ("", (Trouble.UNKNOWN, None)),
    ],
)
def test_a_failed_send_is_not_sent_only_with_a_proof(said: str, meant: tuple[Trouble, int | None]) -> None:
    assert read_send_error(said) == meant


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (Played(conversation="hola"), ("text", "hola")),
        (Played(extendedTextMessage=Played(text="con vista previa")), ("text", "con vista previa")),
        (Played(imageMessage=Played(caption="mira")), ("image", "mira")),
        (Played(audioMessage=Played(seconds=3)), ("audio", "")),
        (Played(documentMessage=Played(fileName="precios.pdf")), ("document", "precios.pdf")),
        (Played(contactMessage=Played(displayName="Ana")), ("contact", "Ana")),
        (Played(reactionMessage=Played(text="👍")), ("reaction", "👍")),
        (Played(buttonsResponseMessage=Played(selectedDisplayText="BAJA")), ("text", "BAJA")),
        (Played(pollCreationMessage=Played(name="¿?")), ("other", "")),
        # Wrapped once and twice.
        (Played(ephemeralMessage=Played(message=Played(conversation="se borra"))), ("text", "se borra")),
        (
            Played(
                ephemeralMessage=Played(message=Played(viewOnceMessage=Played(message=Played(videoMessage=Played()))))
            ),
            ("video", ""),
        ),
        # Nobody wrote anything.
        (Played(protocolMessage=Played(type=3)), None),
        (Played(senderKeyDistributionMessage=Played(), messageContextInfo=Played()), None),
        (Played(reactionMessage=Played(text="")), None),  # taken back
        (Played(), None),
    ],
)
def test_a_message_is_its_kind_and_its_words(message: Any, content: tuple[str, str] | None) -> None:
    assert read_content(message) == content


@pytest.mark.parametrize(
    ("server", "expected"),
    [("s.whatsapp.net", "549@c.us"), ("lid", "549@lid"), ("g.us", ""), ("newsletter", ""), ("broadcast", "")],
)
def test_groups_and_channels_are_nobody(server: str, expected: str) -> None:
    assert chat_id(Played(User="549", Server=server)) == expected


def test_a_moment_in_seconds_or_milliseconds() -> None:
    assert seconds(1_700_000_000) == seconds(1_700_000_000_000) == 1_700_000_000.0
