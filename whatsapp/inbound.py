"""What somebody wrote to one of our lines, as a value."""

from __future__ import annotations

from whatsapp.gateways.events import MAX_TEXT, Content, Inbound, read_content, read_sender

__all__ = ["MAX_TEXT", "Content", "Inbound", "read_content", "read_sender"]
