"""Placeholders as other programs write them, in a message of ours: `{{nombre}}`, `[nombre]`, `%nombre%`, `{{1}}`.

None of them is replaced by anything, so the message would go out with them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from leadmaster.lib.mojibake import restored

_NAME: Final = r"[^{}\[\]<>«»%|*$\n]{1,40}?"
# Nothing else than a placeholder is written so.
_ALWAYS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\$?\{{\{{+\s*({_NAME})\s*\}}+\}}",
        rf"%\{{\s*({_NAME})\s*\}}",
        rf"\[\[\s*({_NAME})\s*\]\]",
        rf"<<\s*({_NAME})\s*>>",
        rf"\*\|\s*({_NAME})\s*\|\*",
        rf"%%\s*({_NAME})\s*%%",
        # But not the escapes of an address, `%C3%B1`.
        r"(?<![\w%])%(?![0-9A-Fa-f]{2}%)([^\W\d][\w.-]{0,38})%",
    )
)
# People write so too: these are placeholders when they name something that a message can say.
_WHEN_KNOWN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\[\s*({_NAME})\s*\]",
        rf"<\s*/?({_NAME})\s*>",
        rf"«\s*({_NAME})\s*»",
        rf"%\s*({_NAME})\s*%",
        r"(?<![\w$@#])[$@#]([^\W\d]\w{0,38})#?",
        r"__([^\W\d_]\w{0,38}?)__",
    )
)
# An amount has its currency in front and an order its number sign: `${cuota}`, `#{pedido}`. A person has neither.
_IN_FRONT: Final = re.compile(rf"[$#]\{{\s*({_NAME})\s*\}}")
PERSON_FIELDS: Final = frozenset(
    {
        "nombre", "nombres", "apellido", "apellidos", "nombre_completo", "nombre_y_apellido", "nombre_destino", "name",
        "first_name", "firstname", "last_name", "lastname", "full_name", "fullname", "nome", "sobrenome", "promotor",
        "asesor", "vendedor", "ejecutivo",
    }
)  # fmt: skip
# What files usually bring, under the names that people give it.
_USUAL: Final = frozenset(
    {
        "nombre", "nombres", "apellido", "apellidos", "nombre_completo", "nombre_y_apellido", "nombre_destino", "name",
        "first_name", "firstname", "last_name", "lastname", "full_name", "fullname", "nome", "sobrenome", "cliente",
        "customer", "telefono", "celular", "email", "correo", "direccion", "ciudad", "provincia", "empresa", "company",
        "producto", "saldo", "monto", "importe", "deuda", "cuota", "fecha", "vencimiento", "fecha_de_vencimiento", "dni",
        "codigo", "link", "promotor", "asesor", "vendedor", "ejecutivo",
    }
)  # fmt: skip
_OUTSIDE: Final = re.compile(r"[^0-9a-z]+")


def foreign(text: str, *, known: Collection[str] = ()) -> tuple[str, str] | None:
    """The first of them as it is written, and the name inside; None for a text without any.

    `known` are the fields that this message can say beside the usual ones, as `field_name` writes them.
    """
    found = sorted(_found(text, _USUAL.union(known)), key=lambda one: one.start())
    return (found[0].group(0), found[0].group(1).strip()) if found else None


def field_name(text: str) -> str:
    """`Fecha de Alta` → `fecha_de_alta`; empty when nothing of it is a letter or a digit."""
    plain = unicodedata.normalize("NFKD", restored(text)).lower()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _OUTSIDE.sub("_", plain).strip("_")


def _found(text: str, known: Collection[str]) -> Iterator[re.Match[str]]:
    for pattern in _ALWAYS:
        yield from (match for match in pattern.finditer(text) if field_name(match.group(1)))
    yield from (match for match in _IN_FRONT.finditer(text) if field_name(match.group(1)) in PERSON_FIELDS)
    for pattern in _WHEN_KNOWN:
        yield from (match for match in pattern.finditer(text) if field_name(match.group(1)) in known)
