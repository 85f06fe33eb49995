"""In which encoding a text file was written."""

from __future__ import annotations

import codecs
import collections
import re
from typing import IO

from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError

_CHUNK = 1 << 20
_NO_TEXT = _("No es una planilla ni un texto: guárdala como .xlsx o CSV y vuelve a intentarlo.")


def encoding_of(stream: IO[bytes], head: bytes) -> str:
    """The encoding of the whole stream, whose first bytes are `head`. Raises TabularError when it is no text."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head and (utf16 := _with_zeros(head)):
        return utf16
    if not looks_like_text(head.replace(b"\x00", b"")):
        raise TabularError("binary", _NO_TEXT)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-8" if _is_utf8(stream) else _single_byte(stream)


def _with_zeros(head: bytes) -> str | None:
    """Western text in UTF-16 has a zero in nearly every second byte; a few in any text are debris of an export.

    None stands for that text. Anything else with zeros is no text.
    """
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > len(head) * 0.3 and others < len(head) * 0.02:
            return encoding
    if even + odd < len(head) * 0.1 and looks_like_text(head.replace(b"\x00", b"")):
        return None
    raise TabularError("binary", _NO_TEXT)


def looks_like_text(head: bytes) -> bool:
    """Whether there are no more control characters among these bytes than a bad paste leaves."""
    return len(head) - len(head.translate(None, _CONTROLS)) <= len(head) * 0.02


_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\r\x0b\x0c\x1a\x1f"})


def _is_utf8(stream: IO[bytes]) -> bool:
    """Whether the whole file is UTF-8, but for bytes that a careless paste left in it."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _is_partly_utf8(stream)
    return True


# ¡ ª ° º ¿, the letters of the West, and typographic signs; nobody writes their bytes one after the other otherwise.
_SEQUENCE = re.compile(rb"\xc2[\xa1\xaa\xb0\xba\xbf]|[\xc3-\xc5][\x80-\xbf]|\xe2[\x80-\x82][\x80-\xbf]")
_ASCII, _HIGH = bytes(range(0x80)), bytes(range(0x80, 0x100))


def _is_partly_utf8(stream: IO[bytes]) -> bool:
    """Whether somebody put rows of Windows into a UTF-8 file: each half is then read as what it is."""
    whole = stray = 0
    stream.seek(0)
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        rest, sequences = _SEQUENCE.subn(b"", chunk)
        whole += sequences
        stray += len(rest) - len(rest.translate(None, _HIGH))
    return whole * 10 > stray


# The letters that Spanish and Portuguese need. Lower case weighs more: names are mostly lower case, and a wrong
# code page turns one into the other.
_WEIGHT = dict.fromkeys("ÁÉÍÓÚÑÜÃÕÂÊÔÀÇ", 1) | dict.fromkeys("áéíóúñüãõâêôàçºª¿¡", 3)


def _single_byte(stream: IO[bytes]) -> str:
    """Windows' code page unless the letters say that DOS or an old Mac wrote the file."""
    counts: collections.Counter[int] = collections.Counter()
    stream.seek(0)
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        counts.update(chunk.translate(None, _ASCII))

    def score(encoding: str) -> int:
        return sum(_WEIGHT.get(bytes([byte]).decode(encoding, "replace"), -1) * n for byte, n in counts.items())

    best = max(("cp1252", "cp850", "mac-roman"), key=score)
    if best == "cp1252" and counts.keys() & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:
        return "latin-1"
    return best


# --- Lines of another encoding than the rest ---------------------------------------------------------------------------


def mended(line: str, encoding: str) -> str:
    """A line that was read in this single-byte encoding although it is UTF-8: `MarÃ­a` is María."""
    if "Ã" not in line and "Â" not in line:
        return line
    try:
        return line.encode(encoding).decode()
    except UnicodeError:
        return line


# --- Bytes that are no UTF-8 in a file that otherwise is ---------------------------------------------------------------


def _stray_byte(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 in a file that otherwise is: what Windows would have meant by it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


STRAY = "leadmaster-stray-byte"
codecs.register_error(STRAY, _stray_byte)
