"""Message templates: `{nombre}`, `{saldo}`, `{Fecha de alta}`, `{nombre|cliente}`.

A placeholder names a column of the imported file without minding case, accents or spaces; what follows `|` is said
when the person's cell is empty. `{{` and `}}` are literal braces, but not around a name: `{{nombre}}` is how other
programs write a placeholder, and is refused. Values are data: braces in them mean nothing.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from campaigns.errors import Refused
from leadmaster.lib.placeholders import field_name, foreign

__all__ = [
    "MAX_TEXT",
    "NAME_FIELDS",
    "MissingValuesError",
    "Placeholder",
    "Template",
    "TemplateError",
    "UnknownPlaceholdersError",
    "UnsendableTextError",
    "check_draft",
    "check_foreign",
    "check_template",
    "field_name",
    "parse",
    "values_of",
]

# Known to every campaign; both are the name of the person. The second is what the old system called it.
NAME_FIELDS = ("nombre", "nombre_destino")
# WhatsApp's own limit of a text message.
MAX_TEXT = 4096


class TemplateError(Refused):
    """The template can't be used; the sentence names every fault at once."""


class UnknownPlaceholdersError(TemplateError):
    """The template asks for columns that nobody brought: `names` as they are written in it."""

    def __init__(self, names: list[str], *, known: Iterable[str]) -> None:
        super().__init__(
            _("El mensaje usa %(names)s y ningún archivo trae esa columna. Puedes usar: %(known)s.")
            % {"names": _listed(names), "known": _listed(known)}
        )
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
    """What came out for this person is empty or too long for WhatsApp."""


@dataclasses.dataclass(frozen=True, slots=True)
class Placeholder:
    field: str  # normalised
    written: str  # as in the template, for people
    default: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; literal text and placeholders in their order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(part.field for part in self.placeholders)

    def unknown(self, known: Iterable[str]) -> list[str]:
        """The placeholders outside `known` (normalised fields), as written, each once."""
        fields = set(known)
        return list(dict.fromkeys(part.written for part in self.placeholders if part.field not in fields))

    def render(self, values: Mapping[str, str]) -> str:
        """The text for one person. Raises MissingValuesError or UnsendableTextError.

        Somebody without a name is greeted without one ("Hola {nombre}, …" → "Hola, …"): names are missing in every
        real file and the message makes sense. Nothing else may be missing: "debes $ ." must never go out. What the
        message says as nothing (`{apellidos|}`) leaves no gap between the words around it.
        """
        missing: dict[str, None] = {}
        pieces: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            value = values.get(part.field) or part.default
            if value:
                pieces.append(_without_second_sign(value, after=pieces))
            elif value is not None or part.field in NAME_FIELDS:
                pieces.append(_GAP)
            else:
                missing[part.written] = None
        if missing:
            raise MissingValuesError(list(missing))
        text = "".join(pieces)
        return _sendable(_without_gaps(text) if _GAP in text else text)


def _without_second_sign(value: str, *, after: list[str]) -> str:
    """A sheet shows `$ 500`, and the message says "debes $ {saldo}"."""
    twice = value.startswith("$") and bool(after) and after[-1].rstrip().endswith("$")
    return value[1:].lstrip() if twice else value


def values_of(name: str, columns: Mapping[str, str]) -> dict[str, str]:
    """What a person's message can say: their file's columns and, by each of its names, their name."""
    return {**columns, **dict.fromkeys(NAME_FIELDS, name)}


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Template:
    """The template in `text`. Raises TemplateError with the place of the first brace that is wrong."""
    text = text.replace(_GAP, "")
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise TemplateError(
                _("Hay una llave suelta cerca de “%(near)s”: escribe {columna}, o {{ y }} para que se vea una llave.")
                % {"near": text[max(at - 10, 0) : at + 20].strip()}
            )
        if token["field"] is None:
            literal.append(token["literal"] or token["brace"][0])
        else:
            parts.extend(["".join(literal), _placeholder(token["field"], token["default"])])
            literal = []
        at = token.end()
    parts.append("".join(literal))
    return Template(tuple(part for part in parts if part != ""))


def check_draft(text: str, *, columns: Iterable[str] = ()) -> Template:
    """What may be saved before any file is there: a column that one has yet to bring, but no misspelt name.

    With the `columns` of recipients who are there already, nothing else than those. Raises TemplateError.
    """
    columns = list(columns)
    if columns:
        return check_template(text, columns=columns)
    check_foreign(text)
    template = parse(text)
    for place in template.placeholders:
        if place.field.isdigit():
            raise TemplateError(
                _(
                    "“{%(written)s}” no dice qué dato va ahí: escribe entre llaves el nombre de una columna, como {nombre}."
                )
                % {"written": place.written}
            )
        meant = _misspelt(place.field)
        if meant:
            raise TemplateError(
                _("“{%(written)s}” no existe: ¿quisiste escribir {%(meant)s}? Corrígelo antes de guardar.")
                % {"written": place.written, "meant": meant}
            )
    return template


def check_foreign(text: str, *, known: Iterable[str] = ()) -> None:
    """Raise TemplateError for a placeholder as another program writes it: it would go out as it stands."""
    found = foreign(text, known=frozenset(known))
    if found is None:
        return
    written, name = found
    field = field_name(name)
    raise TemplateError(
        _("“%(written)s” saldría tal cual: escribe {%(instead)s}, con una sola llave de cada lado.")
        % {"written": written, "instead": "nombre" if field.isdigit() else name}
    )


# Columns of real files that look like the name and are not.
_NO_MISTAKES = frozenset({"nombres", "nome", "nomes", "name", "names", "hombre", "hombres"})
_ALIKE = {"nombre": 0.8, "nombre_destino": 0.9}


def _misspelt(field: str) -> str | None:
    """The name that somebody meant who wrote this; None for what may well be a column of a file."""
    plain = field.strip("_0123456789")
    if plain in NAME_FIELDS or plain in _NO_MISTAKES:
        return None
    for name, alike in _ALIKE.items():
        if difflib.SequenceMatcher(None, plain, name).ratio() >= alike:
            return name
    return None


def check_template(text: str, *, columns: Iterable[str]) -> Template:
    """Parse, and refuse placeholders that are neither a name nor one of `columns` (as files or templates write them)."""
    known = [*NAME_FIELDS, *(field_name(column) for column in columns)]
    check_foreign(text, known=known)
    template = parse(text)
    unknown = template.unknown(known)
    if unknown:
        raise UnknownPlaceholdersError(unknown, known=dict.fromkeys(known))
    if not text.strip():
        raise TemplateError(_("Escribe el mensaje de la campaña."))
    return template


# Stands where nothing is said until the words around it have closed ranks; no file and no template brings it in.
_GAP = "\x00"
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
    return text


_TOKEN = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<field>[^{}|]*)(?:\|(?P<default>[^{}|]*))?\}|(?P<literal>[^{}]+)",
    re.S,
)


def _placeholder(written: str, default: str | None) -> Placeholder:
    field = field_name(written)
    if not field:
        raise TemplateError(_("Hay unas llaves vacías: escribe adentro el nombre de una columna, como {nombre}."))
    return Placeholder(field=field, written=written.strip(), default=None if default is None else default.strip())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
