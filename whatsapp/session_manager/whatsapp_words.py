"""What WhatsApp's library says, in our words: why a send failed, what a message is made of, who wrote it."""

from __future__ import annotations

import re
from typing import Any

from whatsapp.session_manager.phone import Trouble

_SERVER_REFUSED = re.compile(r"server returned error (\d+)")
_FIRST_CONTACT = 463
_SLOW_DOWN = 429
# Said before the message is written to the socket.
_NEVER_LEFT = ("failed to get device list", "failed to prepare", "can't send message to unknown server", "recipient")

# The words of a kind of message: field, kind, and which of its fields hold words.
_KINDS = (
    ("extendedTextMessage", "text", ("text",)),
    ("buttonsResponseMessage", "text", ("selectedDisplayText",)),
    ("templateButtonReplyMessage", "text", ("selectedDisplayText",)),
    ("listResponseMessage", "text", ("title",)),
    ("imageMessage", "image", ("caption",)),
    ("videoMessage", "video", ("caption",)),
    ("ptvMessage", "video", ("caption",)),
    ("audioMessage", "audio", ()),
    ("documentMessage", "document", ("caption", "fileName")),
    ("stickerMessage", "sticker", ()),
    ("locationMessage", "location", ("name", "address")),
    ("liveLocationMessage", "location", ("caption",)),
    ("contactMessage", "contact", ("displayName",)),
    ("contactsArrayMessage", "contact", ("displayName",)),
    ("reactionMessage", "reaction", ("text",)),
)
_WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension",
    "documentWithCaptionMessage", "editedMessage",
)  # fmt: skip
# Between programs; nobody wrote anything.
_SILENT = {
    "protocolMessage", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage",
    "messageContextInfo", "pollUpdateMessage", "keepInChatMessage", "pinInChatMessage", "encReactionMessage",
    "deviceSentMessage", "call",
}  # fmt: skip


def read_send_error(text: str) -> tuple[Trouble, int | None]:
    """What a failed send means, and WhatsApp's own code. Not sent needs a proof; anything else is unknown."""
    if refused := _SERVER_REFUSED.search(text):
        code = int(refused[1])
        return {_FIRST_CONTACT: Trouble.FIRST_CONTACT, _SLOW_DOWN: Trouble.RATE_LIMITED}.get(
            code, Trouble.NOT_SENT
        ), code
    if text.endswith(("websocket not connected", "the store doesn't contain a device JID")):
        return Trouble.NOT_CONNECTED, None
    if text.startswith(_NEVER_LEFT):
        return Trouble.NOT_SENT, None
    return Trouble.UNKNOWN, None


def read_content(message: Any) -> tuple[str, str] | None:
    """Kind and words of a message (a protobuf), or None when nobody wrote anything. An unheard-of kind is `other`."""
    while wrapper := next((name for name in _WRAPPERS if _has(message, name)), None):
        message = getattr(message, wrapper).message
    if message.conversation:
        return "text", message.conversation
    for field, kind, words in _KINDS:
        if _has(message, field):
            part = getattr(message, field)
            text = next((getattr(part, name) for name in words if getattr(part, name, "")), "")
            return (kind, text) if text or kind not in ("text", "reaction") else None
    rest = {field.name for field, _value in message.ListFields()} - _SILENT
    return ("other", "") if rest else None


def chat_id(jid: Any) -> str:
    """As the contract writes who somebody is; empty for groups, channels and other nobodies."""
    return {"s.whatsapp.net": f"{jid.User}@c.us", "lid": f"{jid.User}@lid"}.get(jid.Server, "")


def seconds(timestamp: int) -> float:
    """Of a moment that is told in seconds or in milliseconds."""
    return timestamp / 1000 if timestamp > 10**11 else float(timestamp)


def _has(message: Any, field: str) -> bool:
    return bool(field in message.DESCRIPTOR.fields_by_name and message.HasField(field))
