"""Names of people: how they are compared, and which part of one is the surname.

Case and accents make no difference. MariaDB and MySQL compare so by themselves; on SQLite a pattern does it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection
from django.db.models import Q

_ALIKE: Final = {
    "a": "aáàâãäå", "e": "eéèêë", "i": "iíìîï", "o": "oóòôõö", "u": "uúùûü", "n": "nñ", "c": "cç", "y": "yýÿ",
}  # fmt: skip
_LAST: Final = "\U0010ffff"
# Given names that often come second: whoever is called Ana María Peña is no Peña de María.
_SECOND: Final = frozenset(
    {
        "alberto", "alejandra", "alejandro", "andrea", "andres", "angel", "antonio", "augusto", "beatriz", "belen",
        "carlos", "carmen", "carolina", "cecilia", "cristina", "daniel", "daniela", "david", "eduardo", "elena",
        "enrique", "ernesto", "esteban", "eugenia", "fabian", "federico", "felipe", "fernanda", "fernando", "florencia",
        "francisco", "gabriel", "gabriela", "gustavo", "hernan", "ignacio", "ines", "isabel", "ivan", "javier", "jesus",
        "joao", "jorge", "jose", "juan", "julia", "julieta", "laura", "leonardo", "luis", "luisa", "luz", "manuel",
        "marcela", "marcelo", "maria", "mariana", "mario", "martin", "mateo", "matias", "miguel", "nicolas", "noemi",
        "pablo", "patricia", "paula", "paulo", "pedro", "pilar", "rafael", "raul", "ricardo", "roberto", "rocio",
        "rosa", "santiago", "sebastian", "sergio", "silvia", "sofia", "soledad", "susana", "teresa", "tomas",
        "valentina", "veronica", "victoria",
    }
)  # fmt: skip
_PARTICLES: Final = frozenset({"de", "del", "la", "las", "los", "da", "das", "do", "dos", "y", "e", "van", "von", "di"})


def begins(field: str, text: str) -> Q:
    """Rows whose `field` begins with this text. A walk along the field's index, on every database."""
    if connection.vendor == "mysql":
        return Q(**{f"{field}__istartswith": text})
    near = Q()
    for first in _written(text[0]):
        near |= Q(**{f"{field}__gte": first, f"{field}__lt": first + _LAST})
    return near & Q(**{f"{field}__iregex": "^" + _pattern(text)})


def contains(field: str, text: str) -> Q:
    """Rows that have this text anywhere in `field`. No index helps: of few rows only."""
    if connection.vendor == "mysql":
        return Q(**{f"{field}__icontains": text})
    return Q(**{f"{field}__iregex": _pattern(text)})


def has_words(words: Sequence[str], *, prefix: str = "") -> Q:
    """Rows with each of these words somewhere in the whole name. `prefix` leads to the client."""
    found = Q()
    for word in words:
        found &= contains(f"{prefix}name", word) | contains(f"{prefix}last_names", word)
    return found


def split_name(whole: str) -> tuple[str, str]:
    """Given names and surnames of a name in one piece: `Ana María Peña` → `Ana María`, `Peña`; `Sosa Paz, Ana` too.

    A guess where nothing is known: the first word is given, and so are those that often come second. Both together are
    the words that were written.
    """
    surnames, comma, given = whole.partition(",")
    if comma and given.strip() and surnames.strip():
        return " ".join(given.split()), " ".join(surnames.split())
    words = whole.split()
    at = 1
    while at < len(words) - 1 and _folded(words[at]) in _SECOND:
        at += 1
    # "María del Carmen Ruiz": a particle belongs to the given name that follows it.
    while at < len(words) - 2 and _folded(words[at]) in _PARTICLES and _folded(words[at + 1]) in _SECOND:
        at += 2
    return " ".join(words[:at]), " ".join(words[at:])


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(char for char in plain if not unicodedata.combining(char))


def _pattern(text: str) -> str:
    return "".join(_letter(char) for char in unicodedata.normalize("NFC", text))


def _letter(char: str) -> str:
    alike = _ALIKE.get(_folded(char))
    return f"[{alike}]" if alike else re.escape(char)


def _written(char: str) -> Iterator[str]:
    """Every way in which a letter may stand at the beginning of a name."""
    letters = _ALIKE.get(_folded(char), char)
    yield from dict.fromkeys([*letters.lower(), *letters.upper()])
