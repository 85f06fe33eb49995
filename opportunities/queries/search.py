"""Find an opportunity by its client: a whole phone, its own number, a name, or what is known of them. Bounded work."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from django.db.models import Q, QuerySet

from leadmaster.directory import names
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.lib.phones import parsing
from opportunities.models import Opportunity
from whatsapp.models import Region

Rows = TypeVar("Rows", bound=QuerySet[Opportunity])

# So many people are found at most; beyond them another word helps more than patience.
NAMESAKES: Final = 2_000
# Among so many, whose name or surname begins with one word, the others are looked for anywhere in it.
LOOKED: Final = 5_000
_MOST_WORDS: Final = 5
_PHONE_LIKE = re.compile(r"[+0-9 ().\-]{6,}")
_NUMBER = re.compile(r"#(\d{1,18})")


def search_condition(text: str) -> tuple[Q, bool]:
    """The condition on opportunities for this text, and whether there are more namesakes than were looked at."""
    number = _NUMBER.fullmatch(text.strip())
    if number:
        return Q(pk=int(number.group(1))), False
    if _PHONE_LIKE.fullmatch(text.strip()):
        holders = ContactPoint.objects.filter(normalised__in=parsing.meant(text, regions=Region.values)).values_list(
            "client_id", flat=True
        )
        return Q(client_id__in=set(holders[:NAMESAKES])), False
    found, more = _named(text.split()[:_MOST_WORDS])
    return Q(client_id__in=found), more


def of_clients(rows: Rows, facets: Mapping[str, str], *, availability: Availability) -> Rows:
    """Those whose client has exactly these values of the directory's facets, none of them empty.

    What the client's availability is, the state of the opportunity already says; said again, it lets the directory's
    indexes find the few, instead of every row of the queue being asked for its client.
    """
    if not facets:
        return rows
    return rows.filter(
        client__availability=availability, **{f"client__{name}": value for name, value in facets.items()}
    )


# --- Names ------------------------------------------------------------------------------------------------------------


def _named(words: list[str]) -> tuple[set[int], bool]:
    """Clients who may be called so, and whether some may have been missed.

    Nothing but names and ids is asked for, so that the indexes of names answer alone.
    """
    found: set[int] = set()
    for reading in _readings(words):
        found.update(Client.objects.filter(reading).order_by().values_list("pk", flat=True)[:NAMESAKES])
        if len(found) >= NAMESAKES:
            return found, True
    more = False
    if len(words) > 1:
        for field, word in itertools.product(("name", "last_names"), words):
            others, cut = _with_words(field, word, words)
            found |= others
            more |= cut
    return found, more


def _readings(words: list[str]) -> Iterator[Q]:
    """Each way to tell name from surnames, either of them first; both begin as they were written."""
    for at in range(len(words) + 1):
        before, after = " ".join(words[:at]), " ".join(words[at:])
        yield _beginning(name=before, last_names=after)
        if before and after:
            yield _beginning(name=after, last_names=before)


def _beginning(**parts: str) -> Q:
    found = Q()
    for field, text in parts.items():
        if text:
            found &= names.begins(field, text)
    return found


def _with_words(field: str, word: str, words: list[str]) -> tuple[set[int], bool]:
    """Of the first so many whose `field` begins with this word, those whose whole name has all of them."""
    along = Client.objects.filter(names.begins(field, word)).order_by()
    ids = list(along.values_list("pk", flat=True)[:LOOKED])
    rows = Client.objects.filter(names.has_words(words), pk__in=ids)
    return set(rows.order_by().values_list("pk", flat=True)[:NAMESAKES]), len(ids) == LOOKED
