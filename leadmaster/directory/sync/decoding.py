"""Texts as a source holds them: in UTF-8, or as older programs wrote them under that name."""

from __future__ import annotations

from typing import Any


def decoded(raw: bytes) -> str:
    """As UTF-8; what is not comes from a Windows of the West, where every byte means something."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def as_text(value: Any) -> str:
    return decoded(bytes(value)) if isinstance(value, bytes | bytearray | memoryview) else str(value)
