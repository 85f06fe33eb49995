"""The directory by its facets: exact values, which of them occur, and how many clients have them. Bounded work each.

Whoever looks says which availability they mean: every index of the directory begins with it.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Final, Self

from django.db.models import CharField, Q

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.db.compiled import CompiledRow, Param

FACETS: Final = ("province", "city", "agreement", "client_type")
# How far a look goes along the best index for facets that no index carries together.
WINDOW: Final = 20_000
MOST_VALUES: Final = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facets:
    """Exact values of the client's facets; empty means any. A city goes with its province."""

    province: str = ""
    city: str = ""
    agreement: str = ""
    client_type: str = ""

    def condition(self, prefix: str = "") -> Q:
        """The condition on clients, or on rows that reach the client through `prefix`."""
        return Q(**{f"{prefix}{name}": value for name, value in self.as_dict().items()})

    def without(self, name: str) -> Self:
        return dataclasses.replace(self, **{name: ""})

    def having(self, name: str, value: str) -> Self:
        return dataclasses.replace(self, **{name: value})

    def indexed(self) -> Facets:
        """The part of these that one index of the directory carries whole: itself, when it carries all."""
        if self.city:
            return Facets(province=self.province, city=self.city)
        for name in ("agreement", "province", "client_type"):
            if value := getattr(self, name):
                return Facets(**{name: value})
        return Facets()

    def carried(self) -> bool:
        """Whether one index carries all of these."""
        return self.indexed().as_dict() == self.as_dict()

    def as_dict(self) -> dict[str, str]:
        return {name: value for name in FACETS if (value := getattr(self, name))}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Count:
    """So many, or at least so many when the look ended before the directory did."""

    number: int
    more: bool

    @property
    def label(self) -> str:
        return f"{self.number:,}".replace(",", ".") + ("+" if self.more else "")


def reach(facets: Facets, availability: Availability, *, part: Q | None = None, window: int = WINDOW) -> Q:
    """Up to where a look goes: everywhere when an index carries all of its facets, else so far along the best one.

    The place is found on the index alone.
    """
    if facets.carried():
        return Q()
    along = Client.objects.filter(facets.indexed().condition(), part or Q(), availability=availability)
    end = along.order_by("shard", "id").values_list("shard", "id")[window : window + 1].first()
    return Q() if end is None else Q(shard__lte=end[0]) & (Q(shard__lt=end[0]) | Q(id__lt=end[1]))


def count(facets: Facets, availability: Availability, *, up_to: int) -> Count:
    """How many present clients have these facets, exactly up to a limit."""
    within = reach(facets, availability)
    rows = Client.objects.filter(within, facets.condition(), availability=availability).present()
    number = rows.values("id")[: up_to + 1].count()
    return Count(number=min(number, up_to), more=bool(within) or number > up_to)


def values(facets: Facets, name: str, availability: Availability, *, most: int = MOST_VALUES) -> list[str]:
    """Distinct values of one facet by hops over its own index: one short query per value, however many clients.

    Cities are those of the chosen province; without one there are none.
    """
    if name not in FACETS:
        raise ValueError(f"{name} is no facet")
    if name == "city" and not facets.province:
        return []
    ask = _next_value(name, of_province=name == "city")
    found: list[str] = []
    last = ""
    while len(found) < most:
        row = ask(availability=availability, last=last, province=facets.province)
        if row is None:
            return found
        last = row[0]
        found.append(last)
    return found


@functools.cache
def _next_value(name: str, *, of_province: bool) -> CompiledRow:
    """The first value of a facet that comes after another. Asked for each value, so compiled once."""
    asked = {"availability": Param("availability", CharField()), f"{name}__gt": Param("last", CharField())}
    if of_province:
        asked["province"] = Param("province", CharField())
    return CompiledRow(lambda: Client.objects.filter(**asked).order_by(name).values_list(name)[:1])
