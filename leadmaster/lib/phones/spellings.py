"""The ways in which one number is written: ours, WhatsApp's, and people's."""

from __future__ import annotations

import re

from leadmaster.lib.phones.parsing import Phone, normalise

# Between two digits, as people group them.
_GAP = r"[\s().\-/]{0,3}"


def spellings(phone: str) -> set[str]:
    """A number as we write it and as WhatsApp may have told it to us: with Mexico's old 1, without Brazil's ninth digit."""
    read = normalise(phone, "ZZ")
    usual = read.e164 if isinstance(read, Phone) else phone
    found = {phone, usual}
    if usual.startswith("+52"):
        found.add(f"+521{usual[3:]}")
    if usual.startswith("+55") and len(usual) == 14:
        found.add(usual[:5] + usual[6:])
    return found


def digits_of(phone: str) -> list[str]:
    """The digits by which an E.164 number may stand in a text, the longest first: with its country, and without."""
    found = set()
    for spelling in spellings(phone):
        digits = spelling.lstrip("+")
        found.add(digits)
        for code in ("549", "54", "521", "52", "55"):
            if digits.startswith(code) and len(digits) - len(code) >= 10:
                found.add(digits[len(code) :])
    return sorted(found, key=len, reverse=True)


def pattern_of(phone: str) -> re.Pattern[str]:
    """The number in a text, however its digits are grouped."""
    ways = "|".join(_GAP.join(digits) for digits in digits_of(phone))
    return re.compile(ways)
