"""What a variant may not change: placeholders, amounts, phones, dates, links, addresses and names."""

from __future__ import annotations

import collections
import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from campaigns.parsing import parse
from campaigns.rendering import MAX_TEXT, Placeholder
from campaigns.variations import TemplateError

__all__ = ["TOO_LIKE", "problem_of", "too_like"]

# Of the words of both texts in their order. From here on whoever compares them sees one text.
TOO_LIKE: Final = 0.9

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s{}\[\]|]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[a-z]{2,})+(?:/[^\s{}]*)?|@\w+"
)
_NUMBER = re.compile(r"(?:(?:R\$|U\$S|US\$|[$€+#]) ?)?\d(?:[.,:/-]?\d)*(?: ?%)?")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_ENDS: Final = frozenset('.!?¡¿\n:;—–-“"*_(…')


def problem_of(variant: str, *, original: str) -> str:
    """Why this must not go out in place of `original`, as a sentence; empty when it may."""
    try:
        template = parse(variant)
    except TemplateError as error:
        return str(error)
    if template.varies or any(char in _literal(variant) for char in "[]|"):
        return _("Tiene corchetes o barras: quítalos, o dirían otra cosa.")
    if not variant.strip():
        return _("No dice nada.")
    if len(variant) > MAX_TEXT:
        return _("Es más largo de lo que admite WhatsApp.")
    lost, brought = _changed(variant, original=original)
    if lost:
        return _("Le falta: %(tokens)s.") % {"tokens": ", ".join(lost)}
    if brought:
        return _("Agrega lo que el mensaje no dice: %(tokens)s.") % {"tokens": ", ".join(brought)}
    return ""


def too_like(variant: str, others: Iterable[str]) -> bool:
    """Whether it says what one of the others says, but for a word or two."""
    words = _words(variant)
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(words)
    for other in others:
        matcher.set_seq1(_words(other))
        # The first two are cheap upper bounds of the third.
        if matcher.real_quick_ratio() >= TOO_LIKE and matcher.quick_ratio() >= TOO_LIKE and matcher.ratio() >= TOO_LIKE:
            return True
    return False


def _changed(variant: str, *, original: str) -> tuple[list[str], list[str]]:
    """What the variant lost of the original's tokens, and what it brought in."""
    before, after = _tokens(original), _tokens(variant)
    lost, brought = list((before - after).elements()), list((after - before).elements())
    words_before, words_after = set(_WORD.findall(_literal(original))), set(_WORD.findall(_literal(variant)))
    lost += sorted(name for name in _names(_literal(original)) if name not in words_after)
    brought += sorted(name for name in _names(_literal(variant)) if name not in words_before)
    return lost, brought


def _tokens(text: str) -> collections.Counter[str]:
    """Placeholders as they are written, links and numbers, each as often as it is there."""
    found: collections.Counter[str] = collections.Counter()
    for place in parse(text).placeholders:
        found[_written(place)] += 1
    rest = _literal(text)
    for link in _LINK.findall(rest):
        found[link.rstrip(".,;:!?)")] += 1
    rest = _LINK.sub(" ", rest)
    for number in _NUMBER.findall(rest):
        found["".join(number.split())] += 1
    return found


def _written(place: Placeholder) -> str:
    return f"{{{place.field}}}" if place.default is None else f"{{{place.field}|{place.default}}}"


def _literal(text: str) -> str:
    """Without placeholders, each of which leaves a word's place."""
    return "".join(part if isinstance(part, str) else " { " for part in parse(text).parts)


def _names(text: str) -> set[str]:
    """Words with a capital where no sentence begins: people, companies, places."""
    found = set()
    for word in _WORD.finditer(text):
        if not word[0][0].isupper():
            continue
        before = text[: word.start()].rstrip(" ")
        if before and before[-1] not in _SENTENCE_ENDS and not _is_pictogram(before[-1]):
            found.add(word[0])
    return found


def _is_pictogram(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk", "Mn", "Cf"}


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).lower()
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.findall(r"\w+", plain)
