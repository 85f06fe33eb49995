"""What a promoter may filter by, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from opportunities.errors import Incomplete

FACETS = ("province", "city", "agreement", "client_type")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filters:
    """Exact values of the client's facets; empty means any. A city goes with its province."""

    province: str = ""
    city: str = ""
    agreement: str = ""
    client_type: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Filters:
        """From a form or a program. Raises Incomplete for names that are no filter or a city without its province."""
        unknown = sorted(set(raw) - set(FACETS))
        if unknown:
            raise Incomplete(_("No se puede filtrar por %(names)s.") % {"names": ", ".join(unknown)})
        filters = cls(**{name: str(value or "").strip() for name, value in raw.items()})
        if filters.city and not filters.province:
            raise Incomplete(_("Elige también la provincia de la ciudad."))
        return filters

    def condition(self, prefix: str = "") -> Q:
        """The condition on clients, or on rows that reach the client through `prefix`."""
        return Q(**{f"{prefix}{name}": value for name, value in self.as_dict().items()})

    def without(self, name: str) -> Filters:
        return dataclasses.replace(self, **{name: ""})

    def indexed(self) -> Filters:
        """The part of these filters that one index of the directory carries whole: itself, when it carries all."""
        if self.city:
            return Filters(province=self.province, city=self.city)
        for name in ("agreement", "province", "client_type"):
            if value := getattr(self, name):
                return Filters(**{name: value})
        return self

    def as_dict(self) -> dict[str, str]:
        return {name: value for name, value in dataclasses.asdict(self).items() if value}
