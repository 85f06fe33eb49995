"""Message templates: `{nombre}`, `{saldo}`, `{Fecha de alta}`, `{nombre|cliente}`, `[Hola|Buenas]`.

A placeholder names a column of the imported file without minding case, accents or spaces; what follows `|` is said
when the person's cell is empty. `{{` and `}}` are literal braces, but not around a name: `{{nombre}}` is how other
programs write a placeholder, and is refused. Values are data: braces in them mean nothing. Square brackets with a bar
are `campaigns.variations`: one of the options for each person.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from django.utils.translation import gettext as _

from campaigns.errors import Refused
from campaigns.variations import TemplateError, turns
from leadmaster.lib.placeholders import field_name

__all__ = [
    "MAX_TEXT",
    "NAME_FIELDS",
    "MissingValuesError",
    "Placeholder",
    "Template",
    "TemplateError",
    "UnknownPlaceholdersError",
    "UnsendableTextError",
    "Variation",
    "field_name",
    "values_of",
]

# Known to every campaign; both are the name of the person. The second is what the old system called it.
NAME_FIELDS = ("nombre", "nombre_destino")
# WhatsApp's own limit of a text message.
MAX_TEXT = 4096
# What a program writes for a letter that it couldn't read.
_LOST = "\ufffd"


class UnknownPlaceholdersError(TemplateError):
    """The template asks for columns that nobody brought: `names` as they are written in it.

    `varied` is one of them that may have been meant as options.
    """

    def __init__(self, names: list[str], *, known: Iterable[str], varied: str = "") -> None:
        sentence = _("El mensaje usa %(names)s y ningún archivo trae esa columna. Puedes usar: %(known)s.") % {
            "names": _listed(names),
            "known": _listed(known),
        }
        if varied:
            sentence += " " + _("Para que el mensaje varíe de una persona a otra, escribe [%(options)s].") % {
                "options": varied
            }
        super().__init__(sentence)
        self.names = names


class MissingValuesError(Refused):
    """This person's row lacks what the template needs: `names` as they are written in it."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            _(
                "Falta el dato %(names)s. Complétalo en el archivo o escribe en el mensaje qué poner en su lugar: {%(first)s|…}."
            )
            % {"names": _listed(names), "first": names[0]}
        )
        self.names = names


class UnsendableTextError(Refused):
    """What came out for this person is empty, too long for WhatsApp, or lacks letters."""


@dataclasses.dataclass(frozen=True, slots=True)
class Placeholder:
    field: str  # normalised
    written: str  # as in the template, for people
    default: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Variation:
    """Ways of saying it, of which each person gets one."""

    options: tuple[tuple[Part, ...], ...]


Part: TypeAlias = str | Placeholder | Variation


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; literal text, placeholders and variations in their order."""

    parts: tuple[Part, ...]
    varies: bool = False

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Those of every option too: whoever gets it needs its value."""
        return tuple(part for part in _flat(self.parts) if isinstance(part, Placeholder))

    @property
    def texts(self) -> int:
        """How many different messages it makes before anybody's data come in; 1 for one that does not vary."""
        return _texts(self.parts)

    def chosen(self, seed: str) -> Template:
        """Without variations, as whoever has this seed gets it."""
        return Template(tuple(_chosen(self.parts, turns(seed)))) if self.varies else self

    def samples(self, most: int) -> list[str]:
        """Up to `most` of the different messages it makes, placeholders and all; by chance, the same ones each time."""
        seeds = map(str, range(most * 8))
        return list(dict.fromkeys(self.chosen(seed).source for seed in seeds))[:most]

    @property
    def source(self) -> str:
        """How it could have been written."""
        text = "".join(part if part == GAP else _written(part) for part in self.parts)
        return _without_gaps(text) if GAP in text else text

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(part.field for part in self.placeholders)

    def unknown(self, known: Iterable[str]) -> list[str]:
        """The placeholders outside `known` (normalised fields), as written, each once."""
        fields = set(known)
        return list(dict.fromkeys(part.written for part in self.placeholders if part.field not in fields))

    def varied(self, unknown: Iterable[str]) -> str:
        """The first of these placeholders that has something after its bar, as options."""
        names = set(unknown)
        return next((f"{p.written}|{p.default}" for p in self.placeholders if p.default and p.written in names), "")

    def render(self, values: Mapping[str, str], *, seed: str) -> str:
        """The text for one person; `seed` is their phone. Raises MissingValuesError or UnsendableTextError.

        Somebody without a name is greeted without one ("Hola {nombre}, …" → "Hola, …"): names are missing in every
        real file and the message makes sense. Nothing else may be missing: "debes $ ." must never go out. What the
        message says as nothing (`{apellidos|}`) leaves no gap between the words around it.
        """
        missing: dict[str, None] = {}
        pieces: list[str] = []
        for part in self.chosen(seed).parts if self.varies else self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            if isinstance(part, Variation):
                raise TypeError("a chosen template holds no variation")
            value = values.get(part.field) or part.default
            if value:
                pieces.append(_without_second_sign(value, after=pieces))
            elif value is not None or part.field in NAME_FIELDS:
                pieces.append(GAP)
            else:
                missing[part.written] = None
        if missing:
            raise MissingValuesError(list(missing))
        text = "".join(pieces)
        return _sendable(_without_gaps(text) if GAP in text else text)


def _without_second_sign(value: str, *, after: list[str]) -> str:
    """A sheet shows `$ 500`, and the message says "debes $ {saldo}"."""
    twice = value.startswith("$") and bool(after) and after[-1].rstrip().endswith("$")
    return value[1:].lstrip() if twice else value


def values_of(name: str, columns: Mapping[str, str]) -> dict[str, str]:
    """What a person's message can say: their file's columns and, by each of its names, their name."""
    return {**columns, **dict.fromkeys(NAME_FIELDS, name)}


def _flat(parts: Iterable[Part]) -> Iterator[str | Placeholder]:
    for part in parts:
        if isinstance(part, Variation):
            for option in part.options:
                yield from _flat(option)
        else:
            yield part


def _texts(parts: Iterable[Part]) -> int:
    return math.prod(sum(map(_texts, part.options)) for part in parts if isinstance(part, Variation))


def _chosen(parts: Iterable[Part], turn: Iterator[int]) -> Iterator[str | Placeholder]:
    for part in parts:
        if isinstance(part, Variation):
            yield from _chosen(part.options[next(turn) % len(part.options)], turn)
        else:
            yield part


def _written(part: Part) -> str:
    if isinstance(part, str):
        return part.strip(GAP).replace("{", "{{").replace("}", "}}")
    if isinstance(part, Variation):
        return f"[{'|'.join(''.join(map(_written, option)) for option in part.options)}]"
    return f"{{{part.written}}}" if part.default is None else f"{{{part.written}|{part.default}}}"


# Stands where nothing is said until the words around it have closed ranks; no file and no template brings it in.
GAP: Final = "\x00"
_GAPS = (
    (re.compile(r"\x00(?: *\x00)+"), "\x00"),
    (re.compile(r"(^|\n)\x00[ ,;:]*(?:\n|$)"), r"\1"),
    (re.compile(r"(^|\n)\x00[ ,;:]*"), r"\1"),
    (re.compile(r"[ ,;:]*\x00(?=\s*(?:[!?.…\n]|$))"), ""),
    (re.compile(r" *\x00(?=[ ,;:)])"), ""),
    (re.compile(r"\x00"), ""),
)


def _without_gaps(text: str) -> str:
    for gap, closed in _GAPS:
        text = gap.sub(closed, text)
    return text


def _sendable(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise UnsendableTextError(
            _("El mensaje queda de %(length)s caracteres y WhatsApp admite %(limit)s.")
            % {"length": len(text), "limit": MAX_TEXT}
        )
    if not text.strip():
        raise UnsendableTextError(_("El mensaje queda vacío para esta persona."))
    if _LOST in text:
        raise UnsendableTextError(
            _("Una letra se perdió (%(sign)s) antes de llegar aquí: corrígela o vuelve a exportar la planilla.")
            % {"sign": _LOST}
        )
    return text


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
