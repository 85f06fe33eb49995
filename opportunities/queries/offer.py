"""What a promoter can ask for now: each filter with its values, and what each would give. Bounded work."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from leadmaster.lib.provinces import countries_of, is_elsewhere
from opportunities.assignment import facets
from opportunities.assignment.facets import EXACT_UP_TO, Option
from opportunities.assignment.filters import FACETS, Filters
from opportunities.models import Promoter
from opportunities.queries.regions import region_of

_LABELS: dict[str, Promise] = {
    "province": gettext_lazy("Provincia o estado"),
    "city": gettext_lazy("Ciudad"),
    "agreement": gettext_lazy("Convenio"),
    "client_type": gettext_lazy("Tipo de cliente"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facet:
    """One filter: what may be chosen, with what it would give, and what is chosen."""

    name: str
    label: str
    options: list[Option]
    chosen: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offer:
    """How many there are with these filters, and the filters themselves."""

    available: Option
    facets: list[Facet]


def available_for(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> Option:
    """How many this promoter could have now, exactly up to a thousand."""
    number = facets.count(promoter, filters, now=now)
    return Option(value="", count=min(number, EXACT_UP_TO), more=number > EXACT_UP_TO)


def offer(promoter: Promoter, filters: Filters, *, now: dt.datetime) -> Offer:
    return Offer(
        available=available_for(promoter, filters, now=now),
        # Cities are of a province: without one there are too many of them to choose from.
        facets=[_facet(promoter, filters, name, now) for name in FACETS if name != "city" or filters.province],
    )


def _facet(promoter: Promoter, filters: Filters, name: str, now: dt.datetime) -> Facet:
    chosen = getattr(filters, name)
    found = facets.options(promoter, filters, name, now=now)
    if name == "province":
        found = _of_own_country(found, region_of(promoter), chosen)
    if chosen and all(option.value != chosen for option in found):
        # Used up meanwhile: it stays chosen, and says that it has nothing.
        found = [Option(value=chosen, count=0, more=False), *found]
    return Facet(name=name, label=str(_LABELS[name]), options=found, chosen=chosen)


def _of_own_country(options: list[Option], region: str, chosen: str) -> list[Option]:
    """Those of the desk's country first, then what nobody knows a country of; another country's only where it is chosen."""
    here = [one for one in options if one.value == chosen or not is_elsewhere(one.value, region=region)]
    return sorted(here, key=lambda one: region not in countries_of(one.value))
