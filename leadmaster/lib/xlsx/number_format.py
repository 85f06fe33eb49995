"""Excel's number formats: `#,##0.00`, `0%`, `00000`, `[h]:mm`, and what a number looks like in them.

`dates` has those of dates and times.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from leadmaster.lib.xlsx.dates import Moment, date_shown

# Excel's own limits: of a code, and of the digits that it shows. Nobody doubles a percent sign.
_LONGEST_CODE = 255
_MOST_PLACES, _MOST_PERCENTS = 30, 2
# Beyond it a float has no digits left to show.
_LARGEST = 1e21
_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | _(?P<blank>.)                                 # as wide as that sign
    | \*(?P<fill>.)                                 # filled up with that sign
    | \[(?P<elapsed>h+|m+|s+)\]                     # hours beyond a day
    | \[(?P<condition>(?:<=|>=|<>|<|>|=)-?[0-9.]+)\]
    | \[\$(?P<symbol>[^\]\-]*)(?:-[^\]]*)?\]        # currency, and whose language
    | \[(?P<colour>[^\]]*)\]
    | (?P<general>general)
    | (?P<ampm>am/pm|a/p)
    | (?P<exponent>e[+\-](?=[0\#?]))
    | (?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+)
    | (?P<digit>[0\#?])
    | (?P<point>\.)
    | (?P<comma>,)
    | (?P<percent>%)
    | (?P<text>@)
    | (?P<end>;)
    | (?P<other>.)
    """,
    re.X | re.I | re.S,
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "=": lambda value, bound: value == bound,
    "<>": lambda value, bound: value != bound,
}


class Token(NamedTuple):
    kind: str
    text: str

    @property
    def literal(self) -> str:
        """What it says by itself."""
        if self.kind in {"quoted", "escaped", "symbol", "other"}:
            return self.text
        if self.kind == "percent":
            return " %"
        return " " if self.kind in {"blank", "fill"} else ""


class _Section:
    """What stands between two semicolons: a format for some of the numbers."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        condition = next((token.text for token in tokens if token.kind == "condition"), "")
        self.sign = condition.rstrip("-.0123456789")
        self.bound = _number(condition.removeprefix(self.sign))
        self.tokens = [token for token in tokens if token.kind not in {"condition", "colour"}]
        kinds = {token.kind for token in self.tokens}
        self.is_date = bool(kinds & {"date", "elapsed"})
        self.is_text = "text" in kinds
        fraction = "digit" in kinds and any(token == ("other", "/") for token in self.tokens)
        count = Counter(token.kind for token in self.tokens)
        excessive = count["digit"] > _MOST_PLACES or count["percent"] > _MOST_PERCENTS
        self.is_general = fraction or excessive or "general" in kinds

    def fits(self, value: float) -> bool:
        return not self.sign or _COMPARE[self.sign](value, self.bound)


@dataclasses.dataclass(frozen=True)
class NumberFormat:
    """A parsed format code."""

    sections: tuple[_Section, ...]

    def is_date(self, value: float) -> bool:
        return self._section(value)[0].is_date

    def date(self, value: float, moment: Moment) -> str:
        """The serial number `value` as the date or time that it is."""
        section = self._section(value)[0]
        return _tidy(date_shown(section.tokens, value, moment))

    def number(self, value: float, *, decimal: str) -> str:
        section, signed = self._section(value)
        minus = "-" if signed and value < 0 else ""
        if section.is_general or abs(value) >= _LARGEST:
            text = general(abs(value), decimal=decimal)
            return minus + _tidy(
                "".join(text if token.kind == "general" else token.literal for token in section.tokens)
                if any(token.kind == "general" for token in section.tokens)
                else text
            )
        text, is_zero = _digits(section.tokens, value, decimal=decimal)
        return _tidy(text if is_zero else minus + text)

    def _section(self, value: float) -> tuple[_Section, bool]:
        """The section for a number, and whether that still has to show its minus."""
        sections = self.sections
        if any(section.sign for section in sections):
            chosen = next((section for section in sections if section.fits(value)), sections[-1])
            return chosen, not (chosen.sign.startswith("<") and chosen.bound <= 0)
        if len(sections) == 1 or value > 0 or (value == 0 and len(sections) == 2):
            return sections[0], True
        return (sections[1], False) if value < 0 else (sections[2], True)


@functools.lru_cache(maxsize=512)
def parse_format(code: str) -> NumberFormat | None:
    """None for what shows a number as it is."""
    if len(code) > _LONGEST_CODE:
        return None
    sections: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "other"
        if kind == "end":
            sections.append([])
        else:
            sections[-1].append(Token(kind, match[kind]))
    numeric = [section for section in map(_Section, sections[:4]) if not section.is_text]
    plain = not numeric or [token.kind for token in numeric[0].tokens] == ["general"]
    return None if plain else NumberFormat(tuple(numeric))


def general(value: float, *, decimal: str) -> str:
    """As Excel shows a number without a format; whole ones with all their digits."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return format(value, ".10g").replace(".", decimal)


def _digits(tokens: Sequence[Token], value: float, *, decimal: str) -> tuple[str, bool]:
    """The number without its sign in a section's digits, and whether nothing but zeros came out."""
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    before, after = tokens[:point], tokens[point + 1 :]
    if not any(token.kind == "digit" for token in tokens):
        return "".join(token.literal for token in tokens), False
    places = sum(token.kind == "digit" for token in after)
    exponent = next((token for token in tokens if token.kind == "exponent"), None)
    if exponent:
        places -= sum(token.kind == "digit" for token in tokens[tokens.index(exponent) + 1 :]) if after else 0
        return format(abs(value), f".{max(places, 0)}E").replace(".", decimal), value == 0
    scale = sum(token.kind == "percent" for token in tokens) * 2 - _thousands_off(before, after) * 3
    with localcontext(prec=100):
        exact = abs(Decimal(format(value, ".15g"))).scaleb(scale)
        rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _dot, part = f"{rounded:f}".partition(".")
    # Who shows cents means an amount: it is grouped as people write it, whether or not its column asks for that.
    grouped = _is_grouped(before) or places > 0
    group = ("." if decimal == "," else ",") if grouped else ""
    return _whole(before, whole.lstrip("0"), group) + _part(after, part, decimal), not rounded


def _is_grouped(before: Sequence[Token]) -> bool:
    digits = [at for at, token in enumerate(before) if token.kind == "digit"]
    return bool(digits) and any(token.kind == "comma" for token in before[digits[0] : digits[-1]])


def _thousands_off(before: Sequence[Token], after: Sequence[Token]) -> int:
    """How many commas behind the last digit of either side: each stands for thousands that are not shown."""
    off = 0
    for side in (before, after):
        digits = [at for at, token in enumerate(side) if token.kind == "digit"]
        off += sum(token.kind == "comma" for token in side[digits[-1] :]) if digits else 0
    return off


def _whole(tokens: Sequence[Token], digits: str, group: str) -> str:
    """The digits before the point from right to left, in whatever stands around and between their places."""
    rest, out, placed = list(digits), [], 0
    first = next((at for at, token in enumerate(tokens) if token.kind == "digit"), None)

    def put(char: str) -> None:
        nonlocal placed
        if group and placed and placed % 3 == 0:
            out.append(group)
        out.append(char)
        placed += 1

    if first is None:
        return "".join(token.literal for token in tokens) + digits
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind != "digit":
            out.append(token.literal)
        elif rest:
            put(rest.pop())
        elif token.text == "0":
            put("0")
        while at == first and rest:
            put(rest.pop())
    return "".join(reversed(out))


def _part(tokens: Sequence[Token], digits: str, decimal: str) -> str:
    """The digits behind the point, without the zeros that their places do not ask for."""
    places = [token.text for token in tokens if token.kind == "digit"]
    keep = len(places)
    while keep and places[keep - 1] != "0" and digits[keep - 1] == "0":
        keep -= 1
    out, at = [decimal] if keep else [], 0
    for token in tokens:
        if token.kind != "digit":
            out.append(token.literal)
            continue
        out.append(digits[at] if at < keep else "")
        at += 1
    return "".join(out)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _tidy(text: str) -> str:
    return " ".join(text.split())
