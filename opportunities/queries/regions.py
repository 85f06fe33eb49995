"""Which country's habits a desk writes its phones with."""

from __future__ import annotations

from django.conf import settings

from opportunities.models import Promoter

_ZONES = {
    "AR": ("America/Argentina/", "America/Buenos_Aires", "America/Cordoba", "America/Mendoza"),
    "MX": (
        "America/Bahia_Banderas",
        "America/Cancun",
        "America/Chihuahua",
        "America/Ciudad_Juarez",
        "America/Hermosillo",
        "America/Matamoros",
        "America/Mazatlan",
        "America/Merida",
        "America/Mexico_City",
        "America/Monterrey",
        "America/Ojinaga",
        "America/Tijuana",
        "Mexico/",
    ),
    "BR": (
        "America/Araguaina",
        "America/Bahia",
        "America/Belem",
        "America/Boa_Vista",
        "America/Campo_Grande",
        "America/Cuiaba",
        "America/Fortaleza",
        "America/Maceio",
        "America/Manaus",
        "America/Noronha",
        "America/Porto_Velho",
        "America/Recife",
        "America/Rio_Branco",
        "America/Santarem",
        "America/Sao_Paulo",
        "Brazil/",
    ),
}


def region_of(promoter: Promoter | None) -> str:
    """The country where the desk's clocks hang; the directory's own where that is none of the three, or no desk."""
    return region_of_zone(promoter.desk.calendar.time_zone) if promoter else str(settings.CLIENTS_REGION)


def region_of_zone(zone: str) -> str:
    """The same for a desk's time zone."""
    for region, zones in _ZONES.items():
        if any(zone == known or (known.endswith("/") and zone.startswith(known)) for known in zones):
            return region
    return str(settings.CLIENTS_REGION)
