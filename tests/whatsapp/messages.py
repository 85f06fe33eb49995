from __future__ import annotations

import uuid

from whatsapp.gateways.base import OutboundMessage

PHONE = "+5491123456789"


def a_message(phone: str = PHONE, *, text: str = "Hola, ¿cómo estás?") -> OutboundMessage:
    """A message with an id of its own."""
    return OutboundMessage(phone=phone, text=text, client_message_id=uuid.uuid4())
