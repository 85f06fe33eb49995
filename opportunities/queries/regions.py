"""Which country's habits a desk writes its phones with."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from leadmaster.lib.zones import country_of
from opportunities.models import Promoter

_KNOWN: Final = frozenset({"AR", "MX", "BR"})


def region_of(promoter: Promoter | None) -> str:
    """The country where the desk's clocks hang; the directory's own where that is none of the three, or no desk."""
    return region_of_zone(promoter.desk.calendar.time_zone) if promoter else str(settings.CLIENTS_REGION)


def region_of_zone(zone: str) -> str:
    """The same for a desk's time zone."""
    country = country_of(zone)
    return country if country in _KNOWN else str(settings.CLIENTS_REGION)
