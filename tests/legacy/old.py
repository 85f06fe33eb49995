"""Old databases as tests want them: the tables as the predecessor had them, and only the rows that a test is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

TABLES = {
    "ll_lugares": "id INT AUTO_INCREMENT PRIMARY KEY, nombre VARCHAR(255), telefono_wapp VARCHAR(255), ciudad VARCHAR(120), rubro VARCHAR(120)",
    "ll_campanias_whatsapp": "id INT AUTO_INCREMENT PRIMARY KEY, cliente_id INT NOT NULL, nombre VARCHAR(255) NOT NULL, mensaje TEXT, estado ENUM('pendiente','en_progreso','pausada','finalizada') DEFAULT 'pendiente', fecha_creacion DATETIME",
    "ll_programaciones": "id INT AUTO_INCREMENT PRIMARY KEY, campania_id INT NOT NULL, cliente_id INT NOT NULL, dias_semana VARCHAR(40), hora_inicio TIME, hora_fin TIME, cupo_diario INT, fecha_inicio DATE, fecha_fin DATE NULL, estado ENUM('pendiente','aprobada','rechazada','pausada') DEFAULT 'pendiente'",
    "ll_envios_whatsapp": "id INT AUTO_INCREMENT PRIMARY KEY, campania_id INT NOT NULL, telefono_wapp VARCHAR(255), nombre_destino VARCHAR(255), mensaje_final TEXT, estado ENUM('pendiente','enviado','error') DEFAULT 'pendiente', fecha_envio DATETIME, lugar_id INT, KEY (campania_id), KEY (lugar_id)",
    "cola_envios": "id INT AUTO_INCREMENT PRIMARY KEY, sesion_id INT NOT NULL, cliente_id INT NOT NULL, telefono VARCHAR(40), mensaje TEXT, estado ENUM('pendiente','procesando','enviado','error') DEFAULT 'pendiente', intentos INT DEFAULT 0, fecha_creacion DATETIME, fecha_proceso DATETIME NULL",
    "envios_whatsapp": "id INT AUTO_INCREMENT PRIMARY KEY, cola_id INT NULL, cliente_id INT NOT NULL, telefono VARCHAR(40), fecha_envio DATETIME",
    "usuarios": "id INT AUTO_INCREMENT PRIMARY KEY, nombre VARCHAR(120), email VARCHAR(160), rol ENUM('promotor','supervisor','admin'), activo TINYINT(1)",
    "etapas": "id INT AUTO_INCREMENT PRIMARY KEY, nombre VARCHAR(80), tipo ENUM('INICIAL','AVANCE','SALIDA','FINAL'), orden INT, timer_horas INT NULL",
    "lotes": "id INT AUTO_INCREMENT PRIMARY KEY, usuario_id INT, cantidad INT, fecha DATETIME",
    "oportunidades": "id INT AUTO_INCREMENT PRIMARY KEY, cliente_id INT NULL, usuario_id INT NULL, etapa_id INT NULL, lote_id INT NULL, activo TINYINT(1), timer_vence DATETIME NULL, created_at DATETIME",
    "historial": "id INT AUTO_INCREMENT PRIMARY KEY, oportunidad_id INT, etapa_anterior_id INT NULL, etapa_nueva_id INT NULL, usuario_id INT NULL, fecha DATETIME",
    "ventas": "id INT AUTO_INCREMENT PRIMARY KEY, oportunidad_id INT, monto DECIMAL(12,2), fecha DATETIME",
    "cupo_diario": "id INT AUTO_INCREMENT PRIMARY KEY, usuario_id INT, fecha DATE, usado INT, limite INT, UNIQUE (usuario_id, fecha)",
    "wa_sesiones": "id INT AUTO_INCREMENT PRIMARY KEY, usuario_id INT UNIQUE, estado VARCHAR(30), telefono VARCHAR(40), creds_cifradas BLOB, updated_at DATETIME",
    "wa_campanas": "id INT AUTO_INCREMENT PRIMARY KEY, usuario_id INT, nombre VARCHAR(160), estado ENUM('EN_COLA','ENVIANDO','PAUSADA','COMPLETADA','CANCELADA'), total INT, enviados INT, entregados INT, leidos INT, errores INT, created_at DATETIME",
    "wa_mensajes": "id INT AUTO_INCREMENT PRIMARY KEY, campana_id INT, oportunidad_id INT NULL, telefono VARCHAR(40), mensaje_texto TEXT, estado ENUM('PENDIENTE','ENVIANDO','ENVIADO','ENTREGADO','LEIDO','ERROR'), wa_message_id VARCHAR(128) NULL, enviado_at DATETIME NULL, entregado_at DATETIME NULL, leido_at DATETIME NULL",
}
DAY = dt.datetime(2026, 2, 7, 8, 0, 49)  # noqa: DTZ001 - a wall clock


def phone(number: int) -> str:
    """Numbers that exist, each another one."""
    return f"549351{4_000_000 + number}"


class Old:
    """Rows go in by their columns' names; what is not named is what the old table's default says."""

    def __init__(self, **tables: str) -> None:
        self.tables = TABLES | tables
        self.charset = "utf8mb4"
        self._inserts: list[str] = []

    def without(self, *names: str) -> Old:
        self.tables = {name: columns for name, columns in self.tables.items() if name not in names}
        return self

    def add(self, table: str, **row: Any) -> None:
        names, cells = ", ".join(row), ", ".join(_literal(value) for value in row.values())
        self._inserts.append(f"INSERT INTO {table} ({names}) VALUES ({cells})")

    def statements(self) -> list[str]:
        made = [
            f"CREATE TABLE {name} ({columns}) DEFAULT CHARSET={self.charset}" for name, columns in self.tables.items()
        ]
        return [*made, *self._inserts]

    def as_dump(self) -> str:
        return "".join(f"{statement};\n" for statement in ["SET NAMES utf8mb4", *self.statements()])

    # --- What many tests are about ------------------------------------------------------------------------------------

    def campaign(self, pk: int = 47, *, state: str = "en_progreso", tenant: int = 51) -> None:
        self.add(
            "ll_campanias_whatsapp", id=pk, cliente_id=tenant, nombre=f"Campaña {pk}", mensaje="Hola {nombre}",
            estado=state, fecha_creacion="2026-01-05 09:00:00",
        )  # fmt: skip

    def envio(self, pk: int, *, campaign: int = 47, state: str = "enviado", at: Any = None, **more: Any) -> None:
        row = {"telefono_wapp": phone(pk), "nombre_destino": f"Ana {pk}", "mensaje_final": "Hola {nombre}"} | more
        self.add("ll_envios_whatsapp", id=pk, campania_id=campaign, estado=state, fecha_envio=at, **row)

    def run(
        self,
        ids: Sequence[int],
        *,
        campaign: int = 47,
        first: dt.datetime = DAY,
        jitter: Iterable[int] = (0,),
        **more: Any,
    ) -> None:
        """A mark a minute; every tenth minute is left out when there is more than a handful."""
        offs = list(jitter)
        for number, pk in enumerate(ids):
            minutes = number + number // 25
            at = first + dt.timedelta(minutes=minutes, seconds=offs[number % len(offs)])
            self.envio(pk, campaign=campaign, at=at, **more)

    def people(self) -> None:
        """Two promoters and a supervisor, with a funnel."""
        for pk, name, role in (
            (1, "José Quiroga", "promotor"),
            (2, "Ana Paz", "promotor"),
            (3, "Eva Ríos", "supervisor"),
        ):
            self.add("usuarios", id=pk, nombre=name, email=f"u{pk}@example.com", rol=role, activo=1)
        stages = (
            ("Nuevo", "INICIAL", 24),
            ("Contactado", "AVANCE", 0),
            ("No contesta", "SALIDA", None),
            ("Venta", "FINAL", None),
        )
        for order, (name, kind, hours) in enumerate(stages, start=1):
            self.add("etapas", id=order, nombre=name, tipo=kind, orden=order, timer_horas=hours)

    def lot(self, pk: int, *, user: int = 1, said: int = 5, at: str = "2026-02-12 09:00:00") -> None:
        self.add("lotes", id=pk, usuario_id=user, cantidad=said, fecha=at)

    def opportunity(self, pk: int, **row: Any) -> None:
        known = {
            "cliente_id": 10_000 + pk, "usuario_id": 1, "etapa_id": 1, "activo": 1, "created_at": "2026-02-03 12:00:00",
        }  # fmt: skip
        self.add("oportunidades", id=pk, **known | row)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
