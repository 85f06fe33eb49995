"""What may be said in a template, told before anybody gets it: misspelt names, other programs' placeholders."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from django.utils.translation import gettext as _

from campaigns.parsing import parse
from campaigns.rendering import NAME_FIELDS, Template, UnknownPlaceholdersError, Variation
from campaigns.variations import TemplateError
from leadmaster.lib.placeholders import PERSON_FIELDS, field_name, foreign


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
    known = frozenset(known)
    found = foreign(text, known=known)
    if found is None:
        _refuse_names_as_options(parse(text), known=known)
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
        raise UnknownPlaceholdersError(unknown, known=dict.fromkeys(known), varied=template.varied(unknown))
    if not text.strip():
        raise TemplateError(_("Escribe el mensaje de la campaña."))
    return template


def _refuse_names_as_options(template: Template, *, known: Iterable[str]) -> None:
    """`[nombre|vecino]` is `{nombre|vecino}` with the wrong brackets: the word would go out instead of the name."""
    names = PERSON_FIELDS.union(known)
    for part in template.parts:
        if not isinstance(part, Variation):
            continue
        first = Template(part.options[0]).source
        if field_name(first) in names and not first.startswith("{"):
            written = Template((part,)).source
            raise TemplateError(
                _("“%(written)s” diría la palabra “%(first)s”: para poner ese dato, escribe {%(inside)s}.")
                % {"written": written, "first": first.strip(), "inside": written[1:-1]}
            )
