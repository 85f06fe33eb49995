"""What may vary in a message: `[Hola|Buenas|Qué tal] {nombre}`, one of them for each person.

Square brackets, because `{saldo|nada}` says already what stands for an empty cell. Options may hold placeholders and
variations of their own; brackets without a bar are brackets. Which option a person gets follows from a seed alone, so
that a preview shows what will be frozen.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from campaigns.errors import Refused

__all__ = ["MOST_DEPTH", "MOST_OPTIONS", "Brackets", "TemplateError", "options_of", "turns"]

# Bounds of what a person can still read over before it goes out.
MOST_OPTIONS: Final = 30
MOST_DEPTH: Final = 3


class TemplateError(Refused):
    """The template can't be used; the sentence names every fault at once."""


class Brackets(NamedTuple):
    """Where a pair of brackets closes, and the bars between its options."""

    end: int
    bars: tuple[int, ...]


def options_of(text: str) -> dict[int, Brackets]:
    """The brackets of `text` that hold options, by where they open. One pass, however they are nested.

    Raises TemplateError for options whose bracket never closes and for brackets that were doubled.
    """
    found: dict[int, Brackets] = {}
    opened: list[tuple[int, list[int]]] = []
    inside_braces = False
    for at, char in enumerate(text):
        if char in "{}":
            inside_braces = char == "{"
        elif inside_braces:
            continue
        elif char == "[":
            opened.append((at, []))
        elif char == "|" and opened:
            opened[-1][1].append(at)
        elif char == "]" and opened:
            start, bars = opened.pop()
            if bars:
                found[start] = Brackets(at, tuple(bars))
    for start, bars in opened:
        if bars:
            raise TemplateError(
                _("Falta cerrar el corchete cerca de “%(near)s”: escribe [una opción|otra].")
                % {"near": text[start : start + 30].strip()}
            )
    _refuse_doubled(text, found)
    return found


def _refuse_doubled(text: str, found: dict[int, Brackets]) -> None:
    for start, brackets in found.items():
        around = text[start - 1 : start] + text[brackets.end + 1 : brackets.end + 2]
        if start and around == "[]" and start - 1 not in found:
            raise TemplateError(
                _("“%(written)s” saldría con corchetes: escribe uno solo de cada lado, [una opción|otra].")
                % {"written": text[start - 1 : brackets.end + 2][:60]}
            )


def turns(seed: str) -> Iterator[int]:
    """A number for each variation in its turn: the same ones for the same seed, on every machine and release."""
    for slot in itertools.count():
        yield int.from_bytes(hashlib.blake2b(f"{slot}:{seed}".encode(), digest_size=8).digest())
