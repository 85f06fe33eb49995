"""A template's text becomes a `Template`; what is wrong in it is told with its place."""

from __future__ import annotations

import functools
import itertools
import re
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from campaigns.rendering import GAP, Part, Placeholder, Template, Variation
from campaigns.variations import MOST_DEPTH, MOST_OPTIONS, TemplateError, options_of
from leadmaster.lib.placeholders import field_name

__all__ = ["Variety", "parse", "variety"]


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Template:
    """The template in `text`. Raises TemplateError with the place of the first brace or bracket that is wrong."""
    text = text.replace(GAP, "")
    parts = _parts(text, depth=0)
    return Template(parts, varies=any(isinstance(part, Variation) for part in parts))


class Variety(NamedTuple):
    """How many different messages a template makes, and some of them, placeholders and all."""

    texts: int
    samples: list[str]


# Of that many a person still sees how it varies.
_SAMPLES: Final = 6


def variety(text: str) -> Variety:
    """For people who approve it. A template that can't be used makes one, itself."""
    try:
        template = parse(text)
    except TemplateError:
        return Variety(1, [text])
    return Variety(template.texts, template.samples(_SAMPLES))


def _parts(text: str, *, depth: int) -> tuple[Part, ...]:
    brackets = options_of(text)
    parts: list[Part] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        if at in brackets:
            end, bars = brackets[at]
            cuts = [at, *bars, end]
            options = [text[start + 1 : stop] for start, stop in itertools.pairwise(cuts)]
            parts.extend(["".join(literal), _variation(options, depth=depth + 1)])
            literal, at = [], end + 1
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            raise TemplateError(_loose_brace(text, at))
        if token["field"] is None:
            literal.append(token["literal"] or token["brace"][0])
        else:
            parts.extend(["".join(literal), _placeholder(token["field"], token["default"])])
            literal = []
        at = token.end()
    parts.append("".join(literal))
    return tuple(part for part in parts if part != "")


def _variation(options: list[str], *, depth: int) -> Variation:
    written = "|".join(options)[:60]
    if depth > MOST_DEPTH or len(options) > MOST_OPTIONS:
        raise TemplateError(
            _(
                "“[%(written)s]” tiene demasiadas opciones: hasta %(most)d, y unas dentro de otras hasta %(depth)d veces."
            )
            % {"written": written, "most": MOST_OPTIONS, "depth": MOST_DEPTH}
        )
    if len({" ".join(option.split()) for option in options}) < len(options):
        raise TemplateError(_("“[%(written)s]” dice dos veces lo mismo: quita una opción.") % {"written": written})
    # An option that says nothing closes the words around it.
    return Variation(tuple(_parts(option, depth=depth) or (GAP,) for option in options))


def _loose_brace(text: str, at: int) -> str:
    options = _OPTIONS_IN_BRACES.match(text, at)
    if options:
        return _("Para que el mensaje varíe de una persona a otra, escribe [%(options)s].") % {
            "options": options[0][1:-1][:60]
        }
    return _("Hay una llave suelta cerca de “%(near)s”: escribe {columna}, o {{ y }} para que se vea una llave.") % {
        "near": text[max(at - 10, 0) : at + 20].strip()
    }


_TOKEN = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<field>[^{}|]*)(?:\|(?P<default>[^{}|]*))?\}|(?P<literal>\[|[^{}\[]+)",
    re.S,
)
# Options as other programs write them.
_OPTIONS_IN_BRACES = re.compile(r"\{[^{}]*\|[^{}]*\|[^{}]*\}")


def _placeholder(written: str, default: str | None) -> Placeholder:
    field = field_name(written)
    if not field:
        raise TemplateError(_("Hay unas llaves vacías: escribe adentro el nombre de una columna, como {nombre}."))
    return Placeholder(field=field, written=written.strip(), default=None if default is None else default.strip())
