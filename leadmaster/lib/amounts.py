"""Amounts as people write them: `80.505` in Argentina and `80,505` in Mexico are eighty thousand five hundred and five.

The one reader of amounts: a client base, a form, a file. What could mean two amounts is read by the habits of the
region, and what is none of them is no amount.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

# Whoever writes 1.5 for one and a half. Elsewhere it is a comma.
_POINT = {
    "MX",
    "US",
    "CA",
    "GB",
    "IE",
    "AU",
    "NZ",
    "GT",
    "HN",
    "SV",
    "NI",
    "PA",
    "DO",
    "PR",
    "PE",
    "PH",
    "IN",
    "CN",
    "JP",
}
# What money is called where it is not called `$`.
_SIGN = {"BR": "R$"}
# No amount of money is longer, and no pattern here has to be quick on more.
_LONGEST = 60
_CURRENCY = re.compile(
    r"(?:(?:us|usd|mx|mxn|ar|ars|r|u|a|c|cl|clp|co|cop|uy|uyu|rd)?\$[sdu]?|ars|mxn|mx|brl|usd|us|eur|clp|cop|uyu|pen|pyg|bob"
    r"|crc|gs|bs|s/|[€£₡₲]|m\.n|pesos?|reais|reales|soles|guaran[ií]es|d[oó]lares|euros)\.?",
    re.I,
)
_BEHIND = re.compile(rf"(?:{_CURRENCY.pattern}|[,.]-)$", re.I)
_SIGNS = re.compile(rf"([+-]?)(?:{_CURRENCY.pattern})?([+-]?)", re.I)
# Inside, groups that a space or an apostrophe parts have a sign of their own between them.
_SPACE_OF_GROUPS = re.compile(r"(?<=[0-9])[\s'’´`](?=[0-9]{3}(?![0-9]))")
_TWO_NUMBERS = re.compile(r"[0-9]\s+[0-9]")
_PLAIN = re.compile(r"[0-9]+")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?e[+-]?[0-9]{1,2}", re.I)


def decimal_sign(region: str) -> str:
    """How people of the region write 1½."""
    return "." if region in _POINT else ","


def read_amount(text: str, *, region: str) -> Decimal | None:
    """The amount in `text`, with its currency's sign or without; None when it is none or could be two."""
    if len(text) > _LONGEST or "_" in text:
        return None
    plain = _SPACE_OF_GROUPS.sub("_", unicodedata.normalize("NFKC", text).strip())
    if _TWO_NUMBERS.search(plain):
        return None
    body, negative = _unsigned("".join(plain.split()).replace("−", "-"))
    if _SCIENTIFIC.fullmatch(body):
        number: Decimal | None = Decimal(body.replace(",", "."))
    else:
        number = _digits(body, decimal=decimal_sign(region))
    return -number if number is not None and negative else number


def show_amount(amount: Decimal, *, region: str) -> str:
    """With two decimals and thousands parted, as people of the region write it: `12.500,50` or `12,500.50`."""
    plain = f"{amount:,.2f}"
    return plain if decimal_sign(region) == "." else plain.translate(str.maketrans(",.", ".,"))


def show_money(amount: Decimal, *, region: str) -> str:
    """The same with the sign of the region's currency: `$ 12.500,50`, `R$ 12.500,50`."""
    return f"{_SIGN.get(region, '$')} {show_amount(amount, region=region)}"


def _unsigned(body: str) -> tuple[str, bool]:
    """Without minus, brackets and currency, and whether it is below zero."""
    negative = False
    if body.startswith("(") and body.endswith(")"):
        body, negative = body[1:-1], True
    if _SCIENTIFIC.fullmatch(body):
        return body, negative
    # One sign, before the currency, behind it or behind the number: "--5" is no amount.
    signs = _SIGNS.match(body)
    body = _BEHIND.sub("", body[signs.end() :] if signs else body)
    found = [sign for sign in ((signs[1], signs[2]) if signs else ()) if sign]
    if body.endswith("-"):
        body = body[:-1]
        found.append("-")
    return (body, negative or "-" in found) if len(found) + negative <= 1 else ("", negative)


def _digits(body: str, *, decimal: str) -> Decimal | None:
    if _PLAIN.fullmatch(body):
        return Decimal(body)
    signs = [char for char in body if char in ".,_"]
    if not signs or not re.fullmatch(r"[0-9.,_]+", body):
        return None
    last = signs[-1]
    groups = set(signs) - {last}
    if groups or (last != "_" and len(signs) == 1 and not _groups(body, last, decimal=decimal)):
        # Two kinds of signs, or one that stands once and does not group: the last one begins the cents.
        whole, _sign, cents = body.rpartition(last)
        if last == "_" or last in whole or len(groups) > 1 or not cents:
            return None
        # "012.345" is neither twelve thousand nor twelve.
        if last != decimal and len(cents) == 3 and re.match(r"0[0-9]", whole):
            return None
        whole = whole or "0"
        return _joined(whole, cents) if not groups or _is_grouped(whole, groups.pop()) else None
    return _joined(body, "") if _is_grouped(body, last) else None


def _groups(body: str, sign: str, *, decimal: str) -> bool:
    """Whether the only sign of `80.505` parts thousands, there where people write cents behind `decimal`."""
    return sign != decimal and _is_grouped(body, sign)


def _is_grouped(text: str, sign: str) -> bool:
    return re.fullmatch(rf"[1-9][0-9]{{0,2}}(?:{re.escape(sign)}[0-9]{{3}})+", text) is not None


def _joined(whole: str, cents: str) -> Decimal:
    digits = re.sub(r"[^0-9]", "", whole)
    return Decimal(f"{digits}.{cents}" if cents else digits)
