"""Made-up people, as a person would have them in a spreadsheet."""

from __future__ import annotations

import csv
import io
import random

_FIRST = [
    "Ana",
    "Bruno",
    "Carla",
    "Darío",
    "Elena",
    "Fabián",
    "Gabriela",
    "Hernán",
    "Inés",
    "Julián",
    "Karina",
    "Leandro",
    "Mariana",
    "Nicolás",
    "Olga",
    "Pablo",
]
_LAST = [
    "Acosta",
    "Barrios",
    "Cabrera",
    "Domínguez",
    "Escobar",
    "Farías",
    "Giménez",
    "Heredia",
    "Ibarra",
    "Juárez",
    "Ledesma",
    "Molina",
    "Núñez",
]
_PLANS = ("Básico", "Familiar", "Profesional")


def spreadsheet(count: int, *, area: str, chance: random.Random) -> io.BytesIO:
    """A CSV file with phone, name, plan and due amount; `area` is the start of every number in national form."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["Teléfono", "Nombre", "Plan", "Cuota"])
    unit = 10 ** (10 - len(area) - 1)
    numbers = chance.sample(range(2 * unit, 9 * unit), count)
    for number in numbers:
        name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
        phone = f"{area}{number}"
        writer.writerow([phone, name, chance.choice(_PLANS), f"{chance.randrange(9, 60) * 500:,}".replace(",", ".")])
    file = io.BytesIO(text.getvalue().encode("utf-8-sig"))
    file.name = "destinatarios.csv"
    return file
