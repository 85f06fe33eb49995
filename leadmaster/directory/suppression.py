"""People take numbers out of everybody's reach, one or a pasted list."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

from django.db import transaction

from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.lib.phones.parsing import InvalidPhone, normalise
from leadmaster.ops import rollups

_SEPARATORS = re.compile(r"[\n;,\t]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuppressionReport:
    """`phones` are all that were read, E.164. `invalid` are the texts that are no phones, as they were written, with
    the sentence that says why."""

    phones: tuple[str, ...]
    added: int
    already: int
    invalid: tuple[tuple[str, str], ...]


@transaction.atomic
def suppress_list(
    text: str, *, region: str, reason: str, source: Suppression.Source, by: User | None, now: dt.datetime
) -> SuppressionReport:
    """Suppress every phone of `text` (one per line, or separated by commas), read as people of `region` write them."""
    phones: dict[str, None] = {}
    invalid: list[tuple[str, str]] = []
    for piece in filter(None, (part.strip() for part in _SEPARATORS.split(text))):
        read = normalise(piece, region)
        if isinstance(read, InvalidPhone):
            invalid.append((piece, read.sentence))
        else:
            phones[read.e164] = None
    # Who decides so about somebody in doubt has decided the doubt.
    doubts = Suppression.objects.in_doubt().filter(phone__in=list(phones))
    rollups.changed(list(doubts.values_list("created_at", flat=True)), now=now)
    doubts.update(source=source, reason=reason[:200], created_by=by)
    there = Suppression.objects.among(phones)
    new = [phone for phone in phones if phone not in there]
    Suppression.objects.bulk_create(
        [Suppression(phone=phone, source=source, reason=reason[:200], created_at=now, created_by=by) for phone in new],
        # Somebody may have asked for the same by message just now.
        ignore_conflicts=True,
    )
    return SuppressionReport(phones=tuple(phones), added=len(new), already=len(there), invalid=tuple(invalid))
