"""How Argentina, Mexico and Brazil write their numbers: what may stand before them, and the one form that WhatsApp has.

Which numbers exist is the word of `phonenumbers`: the patterns are taken from its metadata.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from phonenumbers import PhoneMetadata


def _argentina(digits: str) -> str | None:
    """Area code and number with the mobile 9 in front; the 0, the 15 and the 9 may be there in any combination.

    A ten-digit number is taken as a mobile even without 9 or 15: that is how people write their mobiles, the ranges
    do not tell them apart, and a message can only go to a mobile.
    """
    digits = digits.removeprefix("0")
    if len(digits) > 10:
        digits = digits.removeprefix("9").removeprefix("0")
    if len(digits) == 12:
        with_15 = _AR_15.fullmatch(digits)
        digits = (with_15[1] + with_15[2]) if with_15 else digits.removeprefix("15")
    if len(digits) != 10:
        return None
    if _AR_MOBILE.fullmatch("9" + digits):
        return "9" + digits
    return digits if _AR_FIXED.fullmatch(digits) else None


def _mexico(digits: str) -> str | None:
    """Ten digits. 01, 044, 045 and the 1 after the country code were abolished in 2019; files still have them."""
    if len(digits) > 10:
        digits = _MX_PREFIX.sub("", digits)
    return digits if _MX_NUMBER.fullmatch(digits) else None


def _brazil(digits: str) -> str | None:
    """Area code and number, mobiles with their ninth digit; a trunk 0 and the carrier's two digits may precede."""
    for prefix in ("", "0", "90"):
        if not digits.startswith(prefix):
            continue
        rest = digits[len(prefix) :]
        without_carrier = rest[2:] if prefix and _BR_CARRIER.match(rest) else ""
        for national in map(_with_ninth_digit, (rest, without_carrier)):
            if _BR_NUMBER.fullmatch(national):
                return national
    return None


def _with_ninth_digit(national: str) -> str:
    is_old_mobile = len(national) == 10 and national[2] in "6789"
    return f"{national[:2]}9{national[2:]}" if is_old_mobile else national


def _pattern(region: str, kinds: tuple[str, ...]) -> re.Pattern[str]:
    metadata = _metadata(region)
    return re.compile("|".join(f"(?:{getattr(metadata, kind).national_number_pattern})" for kind in kinds))


def _metadata(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise LookupError(region)
    return metadata


def _argentine_15() -> re.Pattern[str]:
    """Area code, 15, number: the list of area codes is the library's own."""
    prefix: str = _metadata("AR").national_prefix_for_parsing or ""
    return re.compile(f"{prefix.replace('0?', '', 1).removesuffix('?')}([0-9]+)")


_AR_MOBILE = _pattern("AR", ("mobile",))
_AR_FIXED = _pattern("AR", ("fixed_line", "mobile"))
_AR_15 = _argentine_15()
_MX_NUMBER = _pattern("MX", ("mobile", "fixed_line"))
_MX_PREFIX = re.compile(r"^(?:1|01|04[45])(?=[0-9]{10}$)")
_BR_NUMBER = _pattern("BR", ("mobile", "fixed_line"))
_BR_CARRIER = re.compile(r"1[245]|2[1-35]|31|4[13]|[56]5|99")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Country:
    code: str
    canonical: Callable[[str], str | None]
    local: re.Pattern[str]  # a subscriber's number that lacks its area code
    full_lengths: frozenset[int]  # of country code and mobile, the only forms believed in another country without `+`


HOME = {
    "AR": Country(
        code="54",
        canonical=_argentina,
        local=re.compile(r"(?:15)?[2-9][0-9]{5,7}"),
        full_lengths=frozenset({13}),
    ),
    "MX": Country(
        code="52",
        canonical=_mexico,
        local=re.compile(r"[2-9][0-9]{6,7}"),
        full_lengths=frozenset({12, 13}),
    ),
    "BR": Country(
        code="55",
        canonical=_brazil,
        local=re.compile(r"9?[2-9][0-9]{7}"),
        full_lengths=frozenset({13}),
    ),
}
BY_CODE = {country.code: country for country in HOME.values()}
