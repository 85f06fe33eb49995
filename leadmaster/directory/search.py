"""Look a client up by a phone, a mail, the source's id or the beginning of a name: each by an index, however many
clients there are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

from django.db import connection
from django.db.models import Q

from leadmaster.directory.models import Client, ContactPoint
from leadmaster.lib.phones.parsing import Phone, normalise

# So many are looked at; beyond them one more word of the name helps more than a longer list.
MOST: Final = 200
REGIONS: Final = ("AR", "MX", "BR")
_MOST_SOURCES = 50
_PHONE_LIKE = re.compile(r"[+0-9 ().\-]{6,}")
_LAST = "\U0010ffff"


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
    ways = [_begins("name", whole), _begins("last_names", whole)]
    for at in range(1, len(words)):
        first, rest = " ".join(words[:at]), " ".join(words[at:])
        ways.append(_begins("name", first) & _begins("last_names", rest))
        ways.append(_begins("last_names", first) & _begins("name", rest))
    rows = (Client.objects.filter(way).order_by().values_list("pk", flat=True)[:MOST] for way in ways[:8])
    return itertools.chain.from_iterable(rows)


def _begins(field: str, text: str) -> Q:
    """MySQL's LIKE is a range of the index and knows no case. SQLite's is neither, so the usual cases are asked for."""
    if connection.vendor == "mysql":
        return Q(**{f"{field}__istartswith": text})
    ways = Q()
    for written in dict.fromkeys([text, text.title(), text.upper(), text.lower()]):
        ways |= Q(**{f"{field}__gte": written, f"{field}__lt": written + _LAST})
    return ways
