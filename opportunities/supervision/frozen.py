"""What was chosen, as it was seen: ids frozen with their versions, so that nobody decides over what another one did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from opportunities.models import Opportunity

_WRITTEN = re.compile(r"([0-9]{1,18})(?::([0-9]{1,9}))?")


class Seen(NamedTuple):
    """One opportunity, at the version that somebody looked at; without one they decide about what it has become."""

    id: int
    version: int | None = None

    def __str__(self) -> str:
        return str(self.id) if self.version is None else f"{self.id}:{self.version}"


def seen(row: Opportunity) -> Seen:
    return Seen(row.pk, row.version)


def read(text: str) -> list[Seen]:
    """The rows of `7:3,9:1`, each once; whatever is none is left out."""
    found = (_WRITTEN.fullmatch(part.strip()) for part in text.split(","))
    rows = [Seen(int(one[1]), None if one[2] is None else int(one[2])) for one in found if one]
    return list({row.id: row for row in reversed(rows)}.values())[::-1]


def written(rows: Iterable[Seen]) -> str:
    return ",".join(map(str, rows))


def by_id(rows: Iterable[int | Seen]) -> Mapping[int, int | None]:
    """The version that was seen of each, in the order of the ids. The first word about a row counts."""
    found: dict[int, int | None] = {}
    for row in rows:
        one = row if isinstance(row, Seen) else Seen(row)
        found.setdefault(one.id, one.version)
    return dict(sorted(found.items()))
