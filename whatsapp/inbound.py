"""What somebody wrote to one of our lines, as a value."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re

MAX_TEXT = 65_536

_PERSON = re.compile(r"([1-9][0-9]{5,14})@(?:c\.us|s\.whatsapp\.net)", re.ASCII)
_LID = re.compile(r"([0-9]{5,20})@lid", re.ASCII)


class Content(enum.StrEnum):
    """What a message is made of, as the contract names it."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    OTHER = "other"


def read_content(name: str) -> Content:
    """A kind that nobody has told us of is something else than text, unless nothing is told at all."""
    if not name:
        return Content.TEXT
    return Content(name) if name in set(Content) else Content.OTHER


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inbound:
    """One message from a person. WhatsApp names people by phone or by a `lid`; at least one of both is there."""

    tenant_id: str
    message_id: str
    phone: str = dataclasses.field(repr=False)  # E.164, or empty when only the lid is known
    lid: str = dataclasses.field(repr=False)  # digits, or empty
    text: str = dataclasses.field(repr=False)
    at: dt.datetime  # aware, UTC
    content: Content = Content.TEXT  # of what is no text, `text` is the caption


def read_sender(*identities: str) -> tuple[str, str]:
    """Phone (E.164) and lid of the person behind these chat ids, each empty when not told.

    Groups, broadcasts and channels are nobody: both come back empty.
    """
    phone = lid = ""
    for identity in identities:
        if person := _PERSON.fullmatch(identity):
            phone = phone or f"+{person[1]}"
        elif hidden := _LID.fullmatch(identity):
            lid = lid or hidden[1]
    return phone, lid
