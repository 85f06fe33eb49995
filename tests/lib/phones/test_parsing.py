"""Phones as people write them come out as one number per person, or with the reason why not."""

from __future__ import annotations

import re
import time

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from leadmaster.lib.phones.parsing import InvalidPhone, Phone, Reason, masked, normalise, pretty, spaced

CORDOBA = "+5493512743915"
BUENOS_AIRES = "+5491165178128"
MEXICO = "+525512345678"
SAO_PAULO = "+5511912345678"


def e164(raw: str, region: str) -> str:
    found = normalise(raw, region)
    assert isinstance(found, Phone), (raw, found)
    return found.e164


def reason(raw: str, region: str) -> Reason:
    found = normalise(raw, region)
    assert isinstance(found, InvalidPhone), (raw, found)
    return found.reason


@pytest.mark.parametrize(
    "raw",
    [
        "(0351) 15 2743915",
        " 351 15 2743915 ",
        "0351 15-274-3915",
        "0351-15-2743915",
        "15 351 2743915",
        "351 2743915",
        "0351 2743915",
        "0351/2743915",
        "9 351 274-3915",
        "5493512743915",
        "54 9 3512743915",
        "54 351 2743915",
        "+54 9 351 274-3915",
        "+54 351 15 274 3915",
        "+54 9 351 15 274-3915",
        "+54 (0351) 15-2743915",
        "0054 9 351 2743915",
        "+5493512743915@c.us",
        "5493512743915@s.whatsapp.net",
        "5493512743915:12@s.whatsapp.net",
        "3512743915@c.us",
        "5493512743915.0",
        "5493512743915,00",
        "5,493512743915E+12",
        "'+5493512743915",
        '="5493512743915"',
        "https://wa.me/5493512743915?text=hola",
        "https://api.whatsapp.com/send?phone=5493512743915",
        "tel:+54-351-2743915",
        "Cel.: 351 2743915",
        "351 2743915 (mamá)",
        "\u202a+54\u00a09\u00a0351\u00a0274\u20113915\u202c",
        "\uff0b\uff15\uff14 9 351 2743915",
        "٥٤٩٣٥١٢٧٤٣٩١٥",
    ],
)
def test_every_habit_of_argentina_is_the_same_person(raw: str) -> None:
    assert e164(raw, "AR") == CORDOBA


@pytest.mark.parametrize(
    "raw",
    [
        "5512345678",
        "(55) 1234-5678",
        "01 55 1234 5678",
        "044 55 1234 5678",
        "045 55 1234 5678",
        "1 55 1234 5678",
        "525512345678",
        "5215512345678",
        "+52 1 55 1234 5678",
        "+52 55 1234-5678",
        "+52 044 55 1234 5678",
        "+525512345678@c.us",
        "5215512345678@c.us",
    ],
)
def test_every_habit_of_mexico_is_the_same_person(raw: str) -> None:
    assert e164(raw, "MX") == MEXICO


@pytest.mark.parametrize(
    "raw",
    [
        "11 91234-5678",
        "(11) 91234-5678",
        "(11) 9 1234-5678",
        "011 91234-5678",
        "0 15 11 91234-5678",
        "01511 91234-5678",
        "90 15 11 91234 5678",
        "5511912345678",
        "+55 11 91234-5678",
        "+55 011 91234-5678",
        "5511912345678@c.us",
    ],
)
def test_every_habit_of_brazil_is_the_same_person(raw: str) -> None:
    assert e164(raw, "BR") == SAO_PAULO


@pytest.mark.parametrize("raw", ["11 8234-5678", "+55 11 8234 5678", "551182345678@c.us", "0 21 11 8234-5678"])
def test_brazilian_mobiles_from_before_the_ninth_digit_get_it(raw: str) -> None:
    assert e164(raw, "BR") == "+5511982345678"


def test_brazilian_land_lines_keep_their_eight_digits() -> None:
    assert e164("(11) 3123-4567", "BR") == "+551131234567"


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("+525512345678", "AR", MEXICO),
        ("5215512345678", "AR", MEXICO),
        ("525512345678", "AR", MEXICO),
        ("5493512743915", "MX", CORDOBA),
        ("5493512743915", "BR", CORDOBA),
        ("5511912345678", "AR", SAO_PAULO),
        ("+1 212 555 2368", "AR", "+12125552368"),
        ("00 34 612 345 678", "AR", "+34612345678"),
        ("34612345678@c.us", "AR", "+34612345678"),
        ("+598 99 123 456", "AR", "+59899123456"),
    ],
)
def test_numbers_of_other_countries_are_read_by_their_own_rules(raw: str, region: str, expected: str) -> None:
    assert e164(raw, region) == expected


def test_a_local_number_with_a_digit_too_many_is_nobody_in_another_country() -> None:
    # Read as international it would be a valid line in Portugal.
    assert phonenumbers.is_valid_number(phonenumbers.parse("+351274391555"))
    assert reason("351274391555", "AR") is Reason.UNKNOWN_NUMBER


def test_a_suffix_glued_to_a_local_number_that_is_also_a_foreign_one_is_not_guessed() -> None:
    # Córdoba with its 9, or Afghanistan; Curitiba before the ninth digit, or Norway.
    assert reason("93514000000@c.us", "AR") is Reason.AMBIGUOUS
    assert reason("4791234567@c.us", "BR") is Reason.AMBIGUOUS
    assert e164("+93 51 400 0000@c.us", "AR") == "+93514000000"
    assert e164("9 351 400 0000", "AR") == "+5493514000000"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", Reason.EMPTY),
        (" \u200b\t", Reason.EMPTY),
        ("teléfono", Reason.NO_DIGITS),
        ("s/n", Reason.NO_DIGITS),
        ("no tiene", Reason.NO_DIGITS),
        ("4.93512E+11", Reason.SCIENTIFIC),
        ("5,49351E+12", Reason.SCIENTIFIC),
        ("5.49351e12", Reason.SCIENTIFIC),
        ("0000000000", Reason.FILLER),
        ("1111111111", Reason.FILLER),
        ("999-999-9999", Reason.FILLER),
        ("123", Reason.TOO_SHORT),
        ("11-22", Reason.TOO_SHORT),
        ("+1", Reason.TOO_SHORT),
        ("351 274391555555555", Reason.TOO_LONG),
        ("274-3915", Reason.MISSING_AREA),
        ("15 274-3915", Reason.MISSING_AREA),
        ("15 4123-4567", Reason.MISSING_AREA),
        ("0800 555 1234", Reason.NOT_MESSAGEABLE),
        ("+54 9 351 274-39", Reason.UNKNOWN_NUMBER),
        ("999 274 3915", Reason.UNKNOWN_NUMBER),
        ("3512743915 / 3512743916", Reason.SEVERAL),
        ("3512743915, 3512743916", Reason.SEVERAL),
        ("3512743915 y 1165178128", Reason.SEVERAL),
        ("351 274-3915 int 23", Reason.LETTERS),
        ("120363041234567890@g.us", Reason.NOT_A_PERSON),
        ("184823748237482@lid", Reason.NOT_A_PERSON),
        ("status@broadcast", Reason.NO_DIGITS),
        ("juan1985@gmail.com", Reason.TOO_SHORT),
    ],
)
def test_what_is_no_phone_says_why(raw: str, expected: Reason) -> None:
    assert reason(raw, "AR") is expected


@pytest.mark.parametrize(
    "junk", ["1" + " " * 100_000 + "x", "x" * 1_000_000, "1 " * 50_000, "(" * 100_000 + "1", "1-" * 90_000]
)
def test_a_cell_of_junk_costs_no_time(junk: str) -> None:
    started = time.process_time()
    assert isinstance(normalise(junk, "AR"), InvalidPhone)
    assert time.process_time() - started < 2


def test_every_reason_has_its_own_sentence() -> None:
    sentences = {InvalidPhone(each).sentence for each in Reason}
    assert len(sentences) == len(Reason)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_screens_and_logs_show_a_number_each_in_their_way() -> None:
    phone = Phone(CORDOBA)
    assert phone.pretty == pretty(CORDOBA) == "+54 9 351 274-3915"
    assert phone.masked == masked(CORDOBA) == "+54 9 ••• 3915"
    assert masked(MEXICO) == "+52 ••• 5678"
    assert masked("not a phone") == "•••"
    assert pretty("not a phone") == "not a phone"


# --- Properties -------------------------------------------------------------------------------------------------------

AR_AREAS = ("11", "351", "341", "261", "2966", "3382", "221", "3492")
MX_AREAS = ("55", "33", "81", "222", "664", "999")
BR_AREAS = ("11", "21", "31", "47", "85", "98")
SEPARATORS = st.sampled_from(["", " ", "-", ".", "  ", "\u00a0"])


@st.composite
def argentines(draw: st.DrawFn) -> tuple[str, str]:
    area = draw(st.sampled_from(AR_AREAS))
    number = "4" + draw(st.text("0123456789", min_size=9 - len(area), max_size=9 - len(area)))
    return area, number


@st.composite
def mexicans(draw: st.DrawFn) -> tuple[str, str]:
    area = draw(st.sampled_from(MX_AREAS))
    return area, draw(st.text("0123456789", min_size=10 - len(area), max_size=10 - len(area)))


@st.composite
def brazilians(draw: st.DrawFn) -> tuple[str, str]:
    return draw(st.sampled_from(BR_AREAS)), "9" + draw(st.sampled_from("6789")) + draw(
        st.text("0123456789", min_size=7, max_size=7)
    )


def _written(data: st.DataObject, prefix: str, area: str, number: str) -> str:
    """The same digits, grouped as somebody would."""
    draw = data.draw
    gap, cut = draw(SEPARATORS), draw(st.integers(1, len(number) - 1))
    brackets = draw(st.booleans()) and not prefix.endswith("0")
    shown_area = f"({area})" if brackets else area
    text = f"{prefix}{gap}{shown_area}{gap}{number[:cut]}{draw(SEPARATORS)}{number[cut:]}"
    # Ten digits and `.0` are what a float leaves behind, not a way of grouping.
    assume(not re.search(r"[0-9]{10}\.00?$", text))
    whole = prefix.lstrip("+")[:2] in {"54", "52", "55"}
    return text + draw(st.sampled_from(["", " ", "@c.us"] if whole else ["", " "]))


@settings(deadline=None)
@given(argentines(), st.data())
def test_any_writing_of_an_argentine_mobile_is_the_same_number(person: tuple[str, str], data: st.DataObject) -> None:
    area, number = person
    if len(set(area + number)) == 1:
        return
    prefix = data.draw(st.sampled_from(["", "0", "9", "54", "549", "+54", "+549", "+54 9", "00549", "+54 0"]))
    trunk = data.draw(st.sampled_from(["", "15"]))
    raw = _written(data, prefix, area, f"{trunk}{number}")
    assert e164(raw, "AR") == f"+549{area}{number}", raw


@settings(deadline=None)
@given(mexicans(), st.data())
def test_any_writing_of_a_mexican_mobile_is_the_same_number(person: tuple[str, str], data: st.DataObject) -> None:
    area, number = person
    if len(set(area + number)) == 1:
        return
    prefix = data.draw(st.sampled_from(["", "1", "01", "044", "045", "52", "521", "+52", "+521", "+52 1", "0052"]))
    raw = _written(data, prefix, area, number)
    assert e164(raw, "MX") == f"+52{area}{number}", raw


@settings(deadline=None)
@given(brazilians(), st.data())
def test_any_writing_of_a_brazilian_mobile_is_the_same_number(person: tuple[str, str], data: st.DataObject) -> None:
    area, number = person
    if len(set(area + number)) == 1:
        return
    prefix = data.draw(st.sampled_from(["", "0", "015", "041", "9021", "55", "+55", "+55 0", "0055"]))
    written = data.draw(st.sampled_from([number, number[1:]]))
    raw = _written(data, prefix, area, written)
    assert e164(raw, "BR") == f"+55{area}{number}", raw


@settings(deadline=None)
@given(st.text(), st.sampled_from(["AR", "MX", "BR", "ES"]))
@example("\x00", "AR")
@example("²³¼ ٣", "AR")
@example("+" * 50, "MX")
def test_any_text_is_a_number_that_exists_or_a_reason(raw: str, region: str) -> None:
    _assert_sound(raw, region)


@settings(deadline=None)
@given(st.text("0123456789+ ()-./@cus", max_size=24), st.sampled_from(["AR", "MX", "BR", "ES"]))
def test_any_digits_are_a_number_that_exists_or_a_reason(raw: str, region: str) -> None:
    _assert_sound(raw, region)


def _assert_sound(raw: str, region: str) -> None:
    found = normalise(raw, region)
    if isinstance(found, InvalidPhone):
        assert found.sentence
        return
    parsed = phonenumbers.parse(found.e164)
    assert phonenumbers.is_valid_number(parsed), found
    assert normalise(found.e164, region) == found, "a number in its final form is its own final form"
    assert normalise(f"{found.e164}@c.us", region) == found, "so is the gateway's id of it"


@settings(deadline=None)
@given(st.text("0123456789", min_size=6, max_size=15), st.sampled_from(["AR", "MX", "BR"]))
def test_the_fast_path_agrees_with_the_library(digits: str, region: str) -> None:
    """Whatever the library takes for a sendable number of the home country, the habits take for the same person."""
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return
    kinds = {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
    filler = len(set(digits)) == 1
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in kinds or filler:
        return
    by_library = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    assert e164(digits, region) == e164(by_library, region)


# --- Cells with more than a number ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "+54 9 3512743960, +54 9 3512743960",
        "+54 9 351 274-3960 ::: +54 9 351 274-3960",
        "351 274-3960 / 0351 15 2743960",
        "3512743960\n3512743960",
        "0351 / 15 2743960",
        "351 / 274-3960",
        "351\n2743960",
        "00000000093512743960",
        "0003512743960",
    ],
)
def test_one_number_written_in_any_of_these_ways_is_that_number(raw: str) -> None:
    assert normalise(raw, "AR") == Phone("+5493512743960")


@pytest.mark.parametrize(
    "raw",
    [
        "3512743929\n3512743930",
        "351 274 3929\n351 274 3930",
        "3512743929 3512743930",
        "3512743929, 3512743929, 3512743930",
        "3512743929 / 4223344 / 3512743929",
    ],
)
def test_different_numbers_in_a_cell_are_several(raw: str) -> None:
    assert normalise(raw, "AR") == InvalidPhone(Reason.SEVERAL)


@pytest.mark.parametrize("raw", ["-3512743998", "-3512743998,50", "3512743915,10"])
def test_an_amount_is_no_phone(raw: str) -> None:
    assert normalise(raw, "AR") == InvalidPhone(Reason.LETTERS)


@pytest.mark.parametrize(
    ("e164", "written"),
    [
        ("+5493512743915", "+54 9 3512743915"),
        ("+525512345678", "+52 5512345678"),
        ("+5511912345678", "+55 11912345678"),
        ("+14155552671", "+1 415 555 2671"),
    ],
)
def test_a_number_that_a_spreadsheet_leaves_alone_reads_back_as_itself(e164: str, written: str) -> None:
    assert spaced(e164) == written
    assert normalise(written, "AR") == Phone(e164)
