"""Find an opportunity by its client: a whole phone, its own number, or the beginning of a name. Bounded work."""

from __future__ import annotations

import re
from typing import Final

from django.db.models import Q

from campaigns.admin.message import phones_meant
from leadmaster.directory.models import Client, ContactPoint

# So many namesakes are looked at; beyond them the surname helps more than patience.
NAMESAKES: Final = 2_000
_MOST_WORDS: Final = 5
_PHONE_LIKE = re.compile(r"[+0-9 ().\-]{6,}")
_NUMBER = re.compile(r"#(\d{1,18})")


def meant(text: str) -> tuple[Q, bool]:
    """The condition on opportunities for this text, and whether there are more namesakes than were looked at."""
    words = text.split()[:_MOST_WORDS]
    number = _NUMBER.fullmatch(text.strip())
    if number:
        return Q(pk=int(number.group(1))), False
    if _PHONE_LIKE.fullmatch(text.strip()):
        holders = ContactPoint.objects.filter(normalised__in=phones_meant(text)).values_list("client_id", flat=True)
        return Q(client_id__in=set(holders[:NAMESAKES])), False
    found = {*_by("name", words), *_by("last_names", words)}
    return Q(client_id__in=found), len(found) >= NAMESAKES


def _by(field: str, words: list[str]) -> list[int]:
    """Clients whose `field` begins with the first word and whose whole name has the others.

    Nothing but names and ids is asked for, so that the index of `field` answers alone.
    """
    rows = Client.objects.filter(**{f"{field}__istartswith": words[0]})
    for word in words[1:]:
        rows = rows.filter(Q(name__icontains=word) | Q(last_names__icontains=word))
    return list(rows.order_by().values_list("pk", flat=True)[:NAMESAKES])
