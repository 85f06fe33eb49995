"""What a selection of the directory would find, before anybody adds it. Bounded work, whatever the directory's size.

Counts are of clients: who asked for silence, repeats a number or has none is told apart by the report afterwards.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from campaigns.audience.directory import Selection
from leadmaster.directory import facets as directory
from leadmaster.directory.facets import MOST_VALUES, Count

# Up to this many a web request adds at once; beyond it, nobody needs the exact number.
EXACT_UP_TO: Final = 20_000
_OPTION_UP_TO: Final = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Option:
    """One value of a facet and how many clients it would give with the rest of the selection."""

    value: str
    count: Count


def count(selection: Selection) -> Count:
    """How many clients the selection finds, exactly up to a limit; its own `limit` is not applied."""
    number, more = 0, False
    for availability in selection.availability:
        found = directory.count(selection.facets, availability, up_to=EXACT_UP_TO - number)
        number, more = number + found.number, more or found.more
        if number >= EXACT_UP_TO:
            return Count(number=EXACT_UP_TO, more=more or availability is not selection.availability[-1])
    return Count(number=number, more=more)


def options(selection: Selection, facet: str) -> list[Option]:
    """The values of one facet that have somebody, with the rest of the selection applied."""
    others = selection.facets.without(facet)
    names = {
        value for availability in selection.availability for value in directory.values(others, facet, availability)
    }
    found = []
    for value in sorted(names)[:MOST_VALUES]:
        counts = [
            directory.count(others.having(facet, value), availability, up_to=_OPTION_UP_TO)
            for availability in selection.availability
        ]
        number = sum(one.number for one in counts)
        if number:
            more = number > _OPTION_UP_TO or any(one.more for one in counts)
            found.append(Option(value=value, count=Count(number=min(number, _OPTION_UP_TO), more=more)))
    return found
