"""Phone numbers as people write them, to the one form in which LeadMaster keeps them.

A person is one number: E.164 in the form that WhatsApp itself uses. Argentine mobiles carry the 9 after the country
code and no 15, Mexican numbers have lost their historic 1, Brazilian mobiles have their ninth digit. Which numbers
exist is never decided here: the patterns are the ones of the `phonenumbers` library.

`normalise` is called a million times per import, so the three home countries go through compiled patterns and only
foreign numbers pay for the library's parser.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import re
import unicodedata
from collections.abc import Iterable

import phonenumbers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from leadmaster.lib.phones.dialling import BY_CODE, HOME


class Reason(enum.StrEnum):
    """Why a text is no phone that a message can be sent to. The values are stable: reports and the API carry them."""

    EMPTY = "empty"
    NO_DIGITS = "no_digits"
    LETTERS = "letters"
    SCIENTIFIC = "scientific"
    SEVERAL = "several"
    NOT_A_PERSON = "not_a_person"
    FILLER = "filler"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    MISSING_AREA = "missing_area"
    NOT_MESSAGEABLE = "not_messageable"
    AMBIGUOUS = "ambiguous"
    UNKNOWN_NUMBER = "unknown_number"


_SENTENCES: dict[Reason, Promise] = {
    Reason.EMPTY: _("No hay teléfono en esta fila."),
    Reason.NO_DIGITS: _("No es un teléfono: no tiene ningún dígito."),
    Reason.LETTERS: _("Tiene letras o signos mezclados con los dígitos: deja solo el número."),
    Reason.SCIENTIFIC: _(
        "La planilla guardó el número en notación científica y perdió dígitos: "
        "da formato de texto a la columna, vuelve a escribir el número y expórtala de nuevo."
    ),
    Reason.SEVERAL: _("Hay más de un teléfono en la celda: deja uno por fila."),
    Reason.NOT_A_PERSON: _("Es el identificador de un grupo o de una lista de WhatsApp, no un teléfono."),
    Reason.FILLER: _("Es un número de relleno: repite siempre el mismo dígito."),
    Reason.TOO_SHORT: _("Es demasiado corto para ser un teléfono."),
    Reason.TOO_LONG: _("Tiene demasiados dígitos para ser un teléfono."),
    Reason.MISSING_AREA: _("Falta el código de área: escribe el número completo."),
    Reason.NOT_MESSAGEABLE: _("Es una línea especial (0800 o similar), que no tiene WhatsApp."),
    Reason.AMBIGUOUS: _("Puede ser un número de dos países: escríbelo con + y el código de país."),
    Reason.UNKNOWN_NUMBER: _("No existe un número así: revisa el código de país, el de área y la cantidad de dígitos."),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Phone:
    """A number that exists: `e164` is `+` and digits, in WhatsApp's own form."""

    e164: str

    @property
    def pretty(self) -> str:
        return pretty(self.e164)

    @property
    def masked(self) -> str:
        return masked(self.e164)


@dataclasses.dataclass(frozen=True, slots=True)
class InvalidPhone:
    reason: Reason

    @property
    def sentence(self) -> str:
        """What is wrong and what to do about it, in the reader's language."""
        return str(_SENTENCES[self.reason])


def normalise(raw: str, region: str) -> Phone | InvalidPhone:
    """The number in `raw`, read as somebody in `region` (ISO country code such as AR) would write it.

    Numbers with `+` or `00` are international. A WhatsApp id (`…@c.us`) is too, by definition, but people also glue the
    suffix to local numbers: one that makes sense both ways is refused, for a guess might write to a stranger.
    Never raises on account of `raw`.
    """
    plain = _PLAIN.fullmatch(raw) if len(raw) <= _LONGEST else None
    digits = _NOT_DIGITS.sub("", raw) if plain else ""
    if plain and len(digits) <= _MOST_DIGITS:
        return _resolve(digits, region=region, plus=bool(plain[1]), wid=bool(plain[2]))
    text = _tidy(raw)
    if isinstance(text, InvalidPhone):
        return text
    if isinstance(text, list):
        return _the_one_in(text, region=region)
    digits, plus, wid = text
    return _resolve(digits, region=region, plus=plus, wid=wid)


def meant(text: str, *, regions: Iterable[str]) -> list[str]:
    """The numbers that somebody in one of these countries may mean by this text, in E.164."""
    read = (normalise(text, region) for region in regions)
    return list(dict.fromkeys(phone.e164 for phone in read if isinstance(phone, Phone)))


def pretty(e164: str) -> str:
    """The number as its country groups it, for screens: `+54 9 351 274-3915`."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164, None), PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def spaced(e164: str) -> str:
    """`+54 9 3512743915`: still the number for whoever copies it, and no spreadsheet makes 5.49351E+12 of it."""
    code = e164[1:3]
    if code not in BY_CODE:
        return pretty(e164).replace("-", " ")
    mobile = "9 " if e164.startswith("+549") else ""
    return f"+{code} {mobile}{e164[4 if mobile else 3 :]}"


def masked(e164: str) -> str:
    """The number for logs: country and last four digits, `+54 9 ••• 3915`."""
    try:
        country = str(phonenumbers.parse(e164, None).country_code)
    except phonenumbers.NumberParseException:
        return "•••"
    mobile = " 9" if e164.startswith("+549") else ""
    return f"+{country}{mobile} ••• {e164[-4:]}"


# --- From a cell's text to digits -----------------------------------------------------------------------------------

# Nearly every cell of a real file: digits, the usual separators, perhaps the suffix that WhatsApp tools add.
# What a float leaves behind (`5493512743915.0`) is not plain: its zero is no digit of the number.
_PLAIN = re.compile(r" *(?!\+?[0-9]{10,}\.00? *$)(\+)?(?=[ (]*[0-9])[0-9 ().\-]*[0-9] *(?:(@c\.us) *)?")
# No writing of a phone is longer, and no pattern here has to be quick on more.
_LONGEST = 200
# Of a number with everything that people write before it. What has more may be two.
_MOST_DIGITS = 15
# So many make a number of their own, and not an extension of the one before.
_OWN_NUMBER = 8
_NOT_DIGITS = re.compile(r"[^0-9]")
_SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_INTEGRAL = re.compile(r"(\+?[0-9]{10,})[.,]00?")
# A balance in the column of the phones.
_NEGATIVE = re.compile(r"-[0-9]+(?:[.,][0-9]+)?")
_FORMULA_TEXT = re.compile(r'="(.*)"')
_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=)(?:\+|%2B)?([0-9]+)(?:[/?&].*)?", re.I
)
_WID = re.compile(r"(.*?)(?::[0-9]+)?@(c\.us|s\.whatsapp\.net|g\.us|lid|broadcast|newsletter)", re.I | re.S)
_RUN = re.compile(r"\+?\(?[0-9](?:[0-9 ().\-]*[0-9])?")


def _tidy(raw: str) -> tuple[str, bool, bool] | list[str] | InvalidPhone:
    """(digits, written with plus, is a WhatsApp id) of a cell that is not plainly a number; or the numbers in it, when
    there are several."""
    text = _lines_apart(unicodedata.normalize("NFKC", raw))
    text = "".join(map(_plain_char, text)).strip().lstrip("'`´").strip()
    formula = _FORMULA_TEXT.fullmatch(text)
    text = formula[1].strip() if formula else text
    if _NEGATIVE.fullmatch(text):
        return InvalidPhone(Reason.LETTERS)
    hopeless = _hopeless(text)
    if hopeless:
        return InvalidPhone(hopeless)
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        exact = _exact(*scientific.groups(default=""))
        return (exact, False, False) if exact else InvalidPhone(Reason.SCIENTIFIC)
    link = _LINK.fullmatch(text)
    if link:
        return link[1], True, False
    wid = _WID.fullmatch(text)
    if wid and wid[2].lower() not in {"c.us", "s.whatsapp.net"}:
        return InvalidPhone(Reason.NOT_A_PERSON)
    text = wid[1] if wid else text
    integral = _INTEGRAL.fullmatch(text)
    return _only_one([integral[1]] if integral else _runs(text), wid=bool(wid))


def _only_one(runs: list[str], *, wid: bool) -> tuple[str, bool, bool] | list[str] | InvalidPhone:
    own = [run for run in runs if _digits_in(run) >= _OWN_NUMBER]
    if len(own) > 1:
        return own if len(own) == len(runs) else InvalidPhone(Reason.SEVERAL)
    if len(runs) != 1:
        return InvalidPhone(Reason.LETTERS if runs else Reason.NO_DIGITS)
    return _NOT_DIGITS.sub("", runs[0]), runs[0].startswith("+"), wid


def _the_one_in(runs: list[str], *, region: str) -> Phone | InvalidPhone:
    """The number that all of these are: people write the same one twice."""
    found = {_resolve(_NOT_DIGITS.sub("", run), region=region, plus=run.startswith("+"), wid=False) for run in runs}
    one = found.pop()
    return one if not found and isinstance(one, Phone) else InvalidPhone(Reason.SEVERAL)


def _runs(text: str) -> list[str]:
    """What may be a number each; `3512743929 3512743930` has no sign between the two."""
    runs = _RUN.findall(_join_area(text))
    if len(runs) != 1 or _digits_in(runs[0]) <= _MOST_DIGITS:
        return runs
    pieces: list[str] = runs[0].split()
    return pieces if len(pieces) > 1 and all(_digits_in(piece) >= _OWN_NUMBER for piece in pieces) else runs


def _digits_in(text: str) -> int:
    return len(_NOT_DIGITS.sub("", text))


def _lines_apart(text: str) -> str:
    """Numbers one below the other in a cell are several; a number that a line end broke is one."""
    lines = text.split("\n")
    return ";".join(lines) if sum(_digits_in(line) >= _OWN_NUMBER for line in lines) > 1 else text


def _hopeless(text: str) -> Reason | None:
    if not text:
        return Reason.EMPTY
    if not any(char in "0123456789" for char in text):
        return Reason.NO_DIGITS
    return Reason.LETTERS if len(text) > _LONGEST else None


def _plain_char(char: str) -> str:
    """Digits of every script as ASCII, every space and dash as one kind, invisible marks as nothing."""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in {"Cf", "Cc"} and char not in "\t\n\r":
        return ""
    if category == "Pd":
        return "-"
    if char.isspace():
        return " "
    return char


def _exact(lead: str, decimals: str, exponent: str) -> str:
    """The integer behind a scientific notation that kept all its digits; empty when some are lost."""
    return lead + decimals if len(decimals) == int(exponent) else ""


def _join_area(text: str) -> str:
    """`0351/4123456`, `0351 / 15 4123456` and `11_6517_8128` are one number; `3514123456/3514123457` stays two."""
    text = _AREA_APART.sub(r"\1-\2", text)
    return re.sub(r"(?<![0-9])(\+?[0-9]{2,5})[/_]([0-9]+)(?:_([0-9]+))?", r"\1-\2\3", text)


# Only where a number begins: in `351 274-3960 / 0351 15 2743960` the sign stands between two.
_AREA_APART = re.compile(r"(?<![0-9])(?<![0-9][ .\-])(\(?0?[0-9]{2,4}\)?) / ?((?:15[ .\-]?)?[0-9])")


# --- From digits to a number that exists ----------------------------------------------------------------------------

_SENDABLE = {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# Lines that WhatsApp Business can live on although nobody carries them around.
_SENDABLE |= {PhoneNumberType.VOIP, PhoneNumberType.PERSONAL_NUMBER}


def _resolve(digits: str, *, region: str, plus: bool, wid: bool) -> Phone | InvalidPhone:
    if len(digits) >= 6 and digits == digits[0] * len(digits):
        return InvalidPhone(Reason.FILLER)
    if digits.startswith("000"):
        # Siebel and mainframes fill their columns with zeros; no country dials three.
        digits = digits.lstrip("0")
    if len(digits) < 6:
        return InvalidPhone(Reason.TOO_SHORT)
    if plus:
        return _known(_abroad(digits), "+" + digits, region=region)
    local = _at_home(digits, region)
    if wid:
        abroad = _abroad(digits)
        if local and abroad and local != abroad:
            return InvalidPhone(Reason.AMBIGUOUS)
        return _known(local or abroad, digits, region=region)
    if local is None and digits.startswith("00"):
        return _known(_abroad(digits[2:]), "+" + digits[2:], region=region)
    return _known(local or _mobile_of_home(digits), digits, region=region)


def _known(e164: str | None, dialled: str, *, region: str) -> Phone | InvalidPhone:
    return Phone(e164) if e164 else InvalidPhone(_why(dialled, region=region))


def _at_home(digits: str, region: str) -> str | None:
    """E.164 of digits dialled or written inside `region`, with or without its country code."""
    country = HOME.get(region)
    if country is None:
        return _by_library(digits, region)
    for national in (digits, digits[2:] if digits.startswith(country.code) else ""):
        found = country.canonical(national) if national else None
        if found:
            return f"+{country.code}{found}"
    return None


def _abroad(digits: str) -> str | None:
    """E.164 of digits that begin with a country code."""
    country = BY_CODE.get(digits[:2])
    if country is None:
        return _by_library("+" + digits, None)
    found = country.canonical(digits[2:])
    return f"+{country.code}{found}" if found else None


def _mobile_of_home(digits: str) -> str | None:
    """A full mobile of another home country without its plus. Of no other country: a local number with one digit too
    many must not turn into a stranger's in Portugal."""
    country = BY_CODE.get(digits[:2])
    return _abroad(digits) if country and len(digits) in country.full_lengths else None


def _by_library(dialled: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _SENDABLE:
        return None
    country = BY_CODE.get(str(number.country_code))
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return _abroad(e164[1:]) if country else e164


def _why(dialled: str, *, region: str) -> Reason:
    """The reason for digits, with `+` when they are international, that make no sendable number."""
    if len(dialled.removeprefix("+")) > 15:
        return Reason.TOO_LONG
    with contextlib.suppress(phonenumbers.NumberParseException):
        if phonenumbers.is_valid_number(phonenumbers.parse(dialled, region)):
            return Reason.NOT_MESSAGEABLE
    country = HOME.get(region)
    if country and country.local.fullmatch(dialled):
        return Reason.MISSING_AREA
    return Reason.TOO_SHORT if len(dialled) < 8 else Reason.UNKNOWN_NUMBER
