"""The old tables: which columns they have in all their versions, and which of them a row means nothing without."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


@dataclasses.dataclass(frozen=True)
class Table:
    """`columns` are known by these names here; `aliases` are others that versions of the old system gave them."""

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def names(self, column: str) -> tuple[str, ...]:
        return (column, *self.aliases.get(column, ()))


_MESSAGE_ID = ("wa_message_id", "whatsapp_message_id", "id_mensaje")

_ALL = (
    Table(
        "usuarios",
        ("nombre", "email", "rol", "activo", "password"),
        aliases={
            "password": ("password_hash", "clave", "contrasena", "contraseña", "hash"),
            "email": ("correo", "mail"),
            "rol": ("role",),
        },
    ),
    Table("etapas", ("nombre", "tipo", "orden", "timer_horas"), required=("nombre",)),
    Table("ll_lugares", ("nombre", "telefono_wapp", "ciudad", "rubro"), aliases={"telefono_wapp": ("telefono",)}),
    Table(
        "ll_campanias_whatsapp",
        ("cliente_id", "nombre", "mensaje", "estado", "fecha_creacion"),
    ),
    Table(
        "ll_programaciones",
        (
            "campania_id", "cliente_id", "dias_semana", "hora_inicio", "hora_fin", "cupo_diario", "fecha_inicio",
            "fecha_fin", "estado",
        ),
        required=("campania_id",),
    ),
    Table(
        "ll_envios_whatsapp",
        (
            "campania_id", "telefono_wapp", "nombre_destino", "mensaje_final", "estado", "fecha_envio", "lugar_id",
            "message_id", "entregado_at", "leido_at",
        ),
        required=("campania_id", "estado"),
        aliases={
            "telefono_wapp": ("telefono",),
            "message_id": _MESSAGE_ID,
            "entregado_at": ("fecha_entrega", "delivered_at"),
            "leido_at": ("fecha_lectura", "read_at"),
        },
    ),
    Table(
        "cola_envios",
        ("sesion_id", "cliente_id", "telefono", "mensaje", "estado", "intentos", "fecha_creacion", "fecha_proceso"),
        required=("estado",),
    ),
    Table(
        "envios_whatsapp",
        ("cola_id", "cliente_id", "telefono", "fecha_envio", "message_id"),
        aliases={"message_id": _MESSAGE_ID},
    ),
    Table("wa_sesiones", ("usuario_id", "estado", "telefono", "updated_at")),
    Table(
        "wa_campanas",
        ("usuario_id", "nombre", "estado", "total", "enviados", "entregados", "leidos", "errores", "created_at"),
    ),
    Table(
        "wa_mensajes",
        (
            "campana_id", "oportunidad_id", "telefono", "mensaje_texto", "estado", "message_id", "enviado_at",
            "entregado_at", "leido_at",
        ),
        required=("campana_id", "estado"),
        aliases={"message_id": _MESSAGE_ID},
    ),
    Table("lotes", ("usuario_id", "cantidad", "fecha")),
    Table(
        "oportunidades",
        ("cliente_id", "usuario_id", "etapa_id", "lote_id", "activo", "timer_vence", "created_at"),
        required=("activo",),
    ),
    Table("historial", ("oportunidad_id", "etapa_anterior_id", "etapa_nueva_id", "usuario_id", "fecha")),
    Table("ventas", ("oportunidad_id", "monto", "fecha")),
    Table("cupo_diario", ("usuario_id", "fecha", "usado", "limite")),
)  # fmt: skip

TABLES: Final[Mapping[str, Table]] = MappingProxyType({table.name: table for table in _ALL})
