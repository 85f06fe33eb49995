"""Look a client up by a phone, a mail, the source's id or the beginning of a name: each by an index, however many
clients there are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from leadmaster.directory import names
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.lib.phones.parsing import Phone, normalise

# So many are looked at; beyond them one more word of the name helps more than a longer list.
MOST: Final = 200
REGIONS: Final = ("AR", "MX", "BR")
_MOST_SOURCES = 50
_PHONE_LIKE = re.compile(r"[+0-9 ().\-]{6,}")
_MOST_WORDS = 5
# Among so many, whose surname begins with one word, the others are looked for anywhere in the name.
_LOOKED = 400


def found_by(text: str) -> list[int]:
    """The ids of the clients that `text` may mean, MOST at the most, in no order. A handful of short queries."""
    text = " ".join(text.split())
    if not text:
        return []
    found = [*_by_contact(text), *_by_external_id(text)]
    if not found or not _PHONE_LIKE.fullmatch(text):
        found += _by_name(text)
    return list(dict.fromkeys(found))[:MOST]


def sources() -> list[str]:
    """Where clients come from, by hops over the index of their ids: one short query each."""
    known: list[str] = []
    last = ""
    while len(known) < _MOST_SOURCES:
        rows = Client.objects.filter(source__gt=last).order_by("source")
        source = rows.values_list("source", flat=True).first()
        if source is None:
            break
        known.append(source)
        last = source
    return known


def _by_contact(text: str) -> list[int]:
    values = {text.lower()} if "@" in text else set()
    if _PHONE_LIKE.fullmatch(text):
        read = (normalise(text, region) for region in REGIONS)
        values = {phone.e164 for phone in read if isinstance(phone, Phone)}
    if not values:
        return []
    return list(
        ContactPoint.objects.order_by().filter(normalised__in=values).values_list("client_id", flat=True)[:MOST]
    )


def _by_external_id(text: str) -> list[int]:
    if len(text) > 64:
        return []
    rows = Client.objects.filter(source__in=sources(), external_id=text)
    return list(rows.order_by().values_list("pk", flat=True)[:MOST])


def _by_name(text: str) -> Iterator[int]:
    """`Sosa`, `Ana Sosa`, `Sosa, Ana`, `Sosa Paz`: what begins so, each way of reading it a range of one index."""
    words = text.replace(",", " ").split()
    whole = " ".join(words)
    ways = [names.begins("name", whole), names.begins("last_names", whole)]
    for at in range(1, len(words)):
        first, rest = " ".join(words[:at]), " ".join(words[at:])
        ways.append(names.begins("name", first) & names.begins("last_names", rest))
        ways.append(names.begins("last_names", first) & names.begins("name", rest))
    rows = (Client.objects.filter(way).order_by().values_list("pk", flat=True)[:MOST] for way in ways[:8])
    return itertools.chain(itertools.chain.from_iterable(rows), _by_words(words[:_MOST_WORDS]))


def _by_words(words: list[str]) -> Iterator[int]:
    """`Maria Peña` is Ana María Peña too: of the first so many whose surnames begin with one word, those with the others."""
    for word in words if len(words) > 1 else ():
        along = Client.objects.filter(names.begins("last_names", word)).order_by()
        ids = list(along.values_list("pk", flat=True)[:_LOOKED])
        rows = Client.objects.filter(names.has_words(words), pk__in=ids).order_by()
        yield from rows.values_list("pk", flat=True)[:MOST]
