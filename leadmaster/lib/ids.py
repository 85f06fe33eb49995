"""Numbers of rows, as anybody may write them into an address."""

from __future__ import annotations

from typing import Final

# What the databases keep in a BIGINT.
MOST_ID: Final = 2**63 - 1


def parse_id(text: str) -> int | None:
    """The number that this text is; None for what no row's number is: other digits, signs, more than a column holds."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST_ID)):
        return None
    number = int(text)
    return number if number <= MOST_ID else None


def ids_in(text: str) -> list[int]:
    """Those of `1,2,3`; whatever is no row's number is left out."""
    return [number for part in text.split(",") if (number := parse_id(part)) is not None]
