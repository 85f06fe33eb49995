"""What a cell says: nothing, when it only holds what a program writes where it has nothing."""

from __future__ import annotations

import html
import re
import unicodedata

from leadmaster.lib.mojibake import restored

# The most characters of a name that we keep.
MAX_NAME = 200

# Errors of Excel, LibreOffice and Google Sheets in the languages of our files, and the nothing of databases.
_NOTHING = re.compile(
    r"""\#(?:n/[ad]|n/disp|nd|getting_data|obteniendo_datos|spill!|calc!|error!|desbordamiento!)[!]?
    |\#¡?(?:valor|value|ref|div/0|num|núm|nulo|null|error|desbordamiento|cálc|calc)!
    |\#¿?(?:nombre|name|nome)\?
    |\#{3,}
    |err:[0-9]{3}
    |n/[ad]
    |\\+n
    |-?nan|nat|<na>|none|undefined
    |null|\[null\]|\(null\)|<null>
    |\((?:en\ blanco|vac[ií][oa]s?|em\ branco|vazio|blank|empty)\)
    """,
    re.I | re.X,
)
# What web pages write for letters and signs: `Mu&ntilde;oz`.
_ENTITY = re.compile(r"&(?:[a-z]{2,8}[0-9]?|#[0-9]{2,6}|#x[0-9a-f]{2,5});", re.I)
# What people write above a name that they don't have.
_NOBODY = re.compile(
    r"s/?[nd]|n/?n|x{2,}|0+|sin (?:nombres?|datos?|especificar)|sem nome|no name|desconocid[oa]|unknown", re.I
)
# Overrides of the direction of writing: the rest of the message would stand backwards.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FIRST = frozenset("#eEnN\\-<uU[(")


def value_in(cell: str) -> str:
    """The text in a cell, without what nobody sees. Asked a million times: most cells leave by the first door."""
    text = cell.strip()
    if not text.isascii():
        text = restored(cell).strip()
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text).strip()
    if text.isascii() and text.isprintable():
        return "" if text[:1] in _FIRST and _NOTHING.fullmatch(text) else text
    if not text.isprintable():
        text = _visible(text)
    if not any(map(str.isalnum, text)) or _BLANK_LETTERS.search(text):
        text = text if _is_visible(text) else ""
    return "" if text[:1] in _FIRST and _NOTHING.fullmatch(text) else text


def name_in(cell: str) -> str:
    """A person's name in one line; nothing when it is only signs."""
    text = " ".join(value_in(cell).split())
    if _NOBODY.fullmatch(text):
        return ""
    return text if text[:1].isalpha() or any(map(str.isalnum, text)) or _is_drawn(text) else ""


def _visible(text: str) -> str:
    """Without control characters, but for line ends and tabs, and without what turns the words around it."""
    shown = (char for char in text if char in "\n\r\t" or unicodedata.category(char) != "Cc")
    return "".join(char for char in shown if char not in _TURNS).strip()


# They count as letters and symbols, and show nothing.
_BLANK_LETTERS = re.compile("[\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(char)[0] in "LNPS" for char in _BLANK_LETTERS.sub("", text))


def _is_drawn(text: str) -> bool:
    """A name of emoji is what somebody calls themselves."""
    return any(unicodedata.category(char) == "So" for char in text)
