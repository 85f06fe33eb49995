"""Which country a province or state is of, by its name alone: the directory holds no more."""

from __future__ import annotations

import unicodedata
from typing import Final

_NAMES: Final = {
    "AR": "Buenos Aires, Ciudad Autónoma de Buenos Aires, CABA, Capital Federal, Catamarca, Chaco, Chubut, Córdoba, Corrientes, Entre Ríos, Formosa, Jujuy, La Pampa, La Rioja, Mendoza, Misiones, Neuquén, Río Negro, Salta, San Juan, San Luis, Santa Cruz, Santa Fe, Santiago del Estero, Tierra del Fuego, Tucumán",
    "MX": "Aguascalientes, Baja California, Baja California Sur, Campeche, Chiapas, Chihuahua, Ciudad de México, CDMX, Distrito Federal, Coahuila, Coahuila de Zaragoza, Colima, Durango, Estado de México, México, Guanajuato, Guerrero, Hidalgo, Jalisco, Michoacán, Michoacán de Ocampo, Morelos, Nayarit, Nuevo León, Oaxaca, Puebla, Querétaro, Quintana Roo, San Luis Potosí, Sinaloa, Sonora, Tabasco, Tamaulipas, Tlaxcala, Veracruz, Veracruz de Ignacio de la Llave, Yucatán, Zacatecas",
    "BR": "Acre, Alagoas, Amapá, Amazonas, Bahia, Ceará, Distrito Federal, Espírito Santo, Goiás, Maranhão, Mato Grosso, Mato Grosso do Sul, Minas Gerais, Pará, Paraíba, Paraná, Pernambuco, Piauí, Rio de Janeiro, Rio Grande do Norte, Rio Grande do Sul, Rondônia, Roraima, Santa Catarina, São Paulo, Sergipe, Tocantins",
}


def countries_of(province: str) -> frozenset[str]:
    """Those that have one of this name; none where nobody knows it."""
    return _COUNTRIES.get(_folded(province), frozenset())


def is_elsewhere(province: str, *, region: str) -> bool:
    """Whether it is another country's for certain."""
    countries = countries_of(province)
    return bool(countries) and region in _NAMES and region not in countries


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def _by_name() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for country, names in _NAMES.items():
        for name in names.split(", "):
            found.setdefault(_folded(name), set()).add(country)
    return {name: frozenset(countries) for name, countries in found.items()}


_COUNTRIES: Final = _by_name()
