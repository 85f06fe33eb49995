"""A client base of somebody else's, as dirty as the real one: made small, in an SQLite file or beside the test database.

Among its rows: agreements that are missing, three ways of writing a phone, "sin dato" for none, clients with four
contacts and clients with none, mails only, and moments that several rows share.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TABLES = (
    """CREATE TABLE clientes (
        id INTEGER PRIMARY KEY, nombre TEXT, apellidos TEXT, rfc TEXT, convenio TEXT, estado TEXT, municipio TEXT,
        tipo_cliente TEXT, capacidad REAL, fecha_alta TEXT, actualizado TEXT
    )""",
    "CREATE TABLE datos_contacto (id INTEGER PRIMARY KEY, cliente_id INTEGER, tipo TEXT, valor TEXT, principal INTEGER)",
    "CREATE INDEX ix_act ON clientes(actualizado, id)",
    "CREATE INDEX ix_cli ON datos_contacto(cliente_id)",
)
COLUMNS = (
    "id",
    "nombre",
    "apellidos",
    "rfc",
    "convenio",
    "estado",
    "municipio",
    "tipo_cliente",
    "capacidad",
    "fecha_alta",
    "actualizado",
)
_STATES = {"Ciudad de México": "55", "Jalisco": "33", "Nuevo León": "81", "Yucatán": "999", "Oaxaca": "951"}


class ExternalBase:
    """An SQLite file that is written by its owner and read by us."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as database:
            for statement in TABLES:
                database.execute(statement)

    def add(self, key: int, *, contacts: list[tuple[str, str, int]] | None = None, **fields: Any) -> None:
        """One client: Paula of Jalisco, with a mobile, as of noon of 1 February 2026, but for what is said."""
        row = {
            "nombre": "Paula",
            "apellidos": "Vázquez",
            "rfc": f"XX{key:09}",
            "convenio": "IMSS",
            "estado": "Jalisco",
            "municipio": "Zapopan",
            "tipo_cliente": "activo",
            "capacidad": 1000.5,
            "fecha_alta": "2026-01-15",
            "actualizado": "2026-02-01 12:00:00",
            **fields,
            "id": key,
        }
        own = [("celular", f"33{10_000_000 + key}", 1)] if contacts is None else contacts
        with self._open() as database:
            marks = ", ".join("?" * len(COLUMNS))
            database.execute(
                f"INSERT INTO clientes ({', '.join(COLUMNS)}) VALUES ({marks})", [row[name] for name in COLUMNS]
            )
            database.executemany(
                "INSERT INTO datos_contacto (cliente_id, tipo, valor, principal) VALUES (?, ?, ?, ?)",
                [(key, *contact) for contact in own],
            )

    def run(self, sql: str, *parameters: Any) -> None:
        with self._open() as database:
            database.execute(sql, parameters)

    def fill(self, count: int, *, seed: int = 1) -> None:
        """Rows like the real ones, in an order that is not that of their moments."""
        chance = random.Random(seed)
        with self._open() as database:
            database.executemany(
                f"INSERT INTO clientes VALUES ({', '.join('?' * len(COLUMNS))})",
                [_client(key, chance) for key in range(1, count + 1)],
            )
            database.executemany(
                "INSERT INTO datos_contacto (cliente_id, tipo, valor, principal) VALUES (?, ?, ?, ?)",
                [row for key in range(1, count + 1) for row in _contacts(key, chance)],
            )

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            yield database


def _client(key: int, chance: random.Random) -> tuple[Any, ...]:
    state = chance.choice(list(_STATES))
    day = chance.randint(1, 28)
    return (
        key,
        chance.choice(["Paula", "Ana", "Óscar", "Inés", "José"]),
        f"{chance.choice(['Vázquez', 'Muñoz'])}  {chance.choice(['Peña', 'Núñez '])}",
        f"XX{chance.randrange(10**9):09}",
        chance.choice(["IMSS", "ISSSTE", "SEP", None]),
        state,
        f"{state} {chance.randint(1, 12)}",
        chance.choice(["pensionado", "nuevo", "activo"]),
        round(chance.uniform(1000, 90000), 2),
        f"2026-01-{day:02}",
        # To the minute, so that some rows share one.
        f"2026-01-{day:02} {chance.randint(0, 3):02}:{chance.randint(0, 59):02}:00",
    )


def _contacts(key: int, chance: random.Random) -> list[tuple[int, str, str, int]]:
    found = []
    for at, kind in enumerate(chance.sample(["celular", "trabajo", "casa"], chance.choice([0, 1, 1, 2, 3]))):
        area = chance.choice(list(_STATES.values()))
        local = f"{chance.randrange(2 * 10 ** (9 - len(area)), 9 * 10 ** (9 - len(area)))}"
        forms = [f"{area}{local}", f"+52 {area}{local}", f"521{area}{local}", f"({area}) {local}", "sin dato"]
        found.append((key, kind, chance.choice(forms), int(at == 0)))
    if chance.random() < 0.3:
        found.append((key, "correo", f"cliente{key}@example.com", 0))
    return found
