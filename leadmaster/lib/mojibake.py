"""Letters that were written as UTF-8 and read as another encoding: `JosÃ©` is José.

Whoever opened an export with the wrong encoding and saved it again left them so: in a CSV that is UTF-8 by itself, in a
workbook, in a database. Nobody writes these pairs of signs otherwise.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable
from typing import Final

# Windows has no sign for five bytes; what read them left their number.
_HOLES: Final = frozenset("\x81\x8d\x8f\x90\x9d")
# ¡ to ÿ, and the signs that programs put in by themselves.
_LETTERS: Final = [chr(code) for code in (*range(0xA0, 0x100), *range(0x2010, 0x2027), 0x20AC, 0x2122)]
_MISREAD: Final = ("cp1252", "latin-1", "cp850", "mac-roman")
# "MANHÃ…" and "IRMÃ™" are Portuguese: what Windows would have made of Å and others that our people don't use.
_PORTUGUESE: Final = frozenset({"Ã…", "Ã™", "Ã®", "Ã»", "Ã–", "Ã—"})
# "MANHÃ”" ends a quotation, "ANTÃ”NIO" is a name.
_INSIDE_A_WORD: Final = ("Ã”", "Ã’")
# Twice is what two careless hands leave.
_TIMES: Final = 2
_FIRST: Final = re.compile("[ÂÃâð├┬Ô√¬‚]")


def restored(text: str) -> str:
    """With its letters again; what was never misread stays as it is."""
    for _time in range(_TIMES):
        if text.isascii() or not _FIRST.search(text) or not _SEQUENCE.search(text):
            return text
        text = _whole(text) or _SEQUENCE.sub(lambda found: _LETTER_OF.get(found[0], found[0]), text)
    return text


def _whole(text: str) -> str | None:
    """All of it at once, if it was: emoji too, of which there is no table here."""
    try:
        return b"".join(_byte(char) for char in text).decode()
    except UnicodeError:
        return None


def _byte(char: str) -> bytes:
    return char.encode("latin-1" if char in _HOLES else "cp1252")


def _seen_as(letter: str, encoding: str) -> str:
    raw = letter.encode()
    if encoding == "cp1252":
        return "".join(chr(byte) if chr(byte) in _HOLES else bytes([byte]).decode(encoding) for byte in raw)
    return raw.decode(encoding)


def _pattern(sequences: Iterable[str]) -> str:
    """Few alternatives: each beginning, and whatever may end it."""
    ends: dict[str, list[str]] = collections.defaultdict(list)
    for seen in sequences:
        ends[seen[:-1]].append(seen[-1])
    starts = sorted(ends, key=lambda start: (-len(start), start))
    return "|".join(f"{re.escape(start)}[{re.escape(''.join(ends[start]))}]" for start in starts)


_LETTER_OF: Final = {
    seen: letter
    for letter in _LETTERS
    for encoding in _MISREAD
    if (seen := _seen_as(letter, encoding)) not in _PORTUGUESE
}
_SEQUENCE: Final = re.compile(
    rf"{_pattern(_LETTER_OF.keys() - {*_INSIDE_A_WORD})}|(?:{'|'.join(_INSIDE_A_WORD)})(?=[^\W\d_])|ðŸ"
)
