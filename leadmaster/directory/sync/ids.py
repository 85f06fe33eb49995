"""The source's ids: as the directory keeps them, and as the source compares them."""

from __future__ import annotations

import re
from typing import Any, Final

from django.utils.translation import gettext as _

from leadmaster.directory.sync.errors import SyncError

INTEGER: Final = re.compile(r"-?[0-9]+")
_DECIMAL: Final = re.compile(r"-?[0-9]+\.[0-9]+")
# SQLite's whole numbers have 19 digits at the most.
_LONGEST_NUMBER: Final = 19


def key_of(value: Any) -> str:
    """The id as the directory keeps it; empty for a row that has none."""
    return "" if value is None else str(as_raw_id(value)).strip()


def as_raw_id(value: Any) -> str | int | float:
    """Numbers as numbers, so that the source goes on comparing them as such; everything else as text.

    Raises SyncError for bytes: no page could end at one, since the cursor is JSON.
    """
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        raise SyncError(
            "binary_id",
            _(
                "La columna de identificadores tiene datos binarios. Indica otra, o una vista que los escriba con HEX()."
            ),
        )
    text = str(value)
    return int(text) if INTEGER.fullmatch(text) else text


def numbers_of(text: str) -> list[int | float]:
    """What number this id may be in a column that holds numbers."""
    if INTEGER.fullmatch(text):
        return [int(text)] if len(text) < _LONGEST_NUMBER else []
    return [float(text)] if _DECIMAL.fullmatch(text) else []
