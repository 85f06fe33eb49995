"""What a promoter may filter by, as values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from leadmaster.directory.facets import FACETS, Facets
from opportunities.errors import Incomplete

__all__ = ["FACETS", "Filters"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filters(Facets):
    """The directory's facets, as a request may ask for them."""

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
