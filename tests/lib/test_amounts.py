"""Amounts and dates as people of the region write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from leadmaster.lib.amounts import decimal_sign, read_amount
from leadmaster.lib.dates import read_date, read_moment


@pytest.mark.parametrize(
    ("text", "region", "amount"),
    [
        ("80505", "AR", "80505"),
        ("80.505", "AR", "80505"),
        ("80,505", "MX", "80505"),
        ("80,505", "AR", "80.505"),
        ("80.505", "MX", "80.505"),
        ("1.250.000", "AR", "1250000"),
        ("1,250,000", "MX", "1250000"),
        ("1.250.000", "MX", "1250000"),
        ("1,250,000", "AR", "1250000"),
        ("$ 80.505", "AR", "80505"),
        ("$80,505.22", "MX", "80505.22"),
        ("80.505,22", "MX", "80505.22"),
        ("80,505.22", "AR", "80505.22"),
        ("80 505", "AR", "80505"),
        ("80\u00a0505", "MX", "80505"),
        ("80\u202f505,5", "AR", "80505.5"),
        ("1 250 000,50", "BR", "1250000.50"),
        ("80'505", "AR", "80505"),
        ("12500,50", "AR", "12500.50"),
        ("12500.50", "AR", "12500.50"),
        ("12500,50", "MX", "12500.50"),
        ("45.000", "AR", "45000"),
        ("45.000", "BR", "45000"),
        ("0.505", "AR", "0.505"),
        ("0,5", "AR", "0.5"),
        (",5", "AR", "0.5"),
        ("1.5", "AR", "1.5"),
        ("R$ 1.234,56", "BR", "1234.56"),
        ("AR$ 1.234", "AR", "1234"),
        ("ARS 1.234", "AR", "1234"),
        ("U$S 100", "AR", "100"),
        ("1.234 pesos", "AR", "1234"),
        ("MXN 80,505.00", "MX", "80505.00"),
        ("-5", "AR", "-5"),
        ("- $ 5", "AR", "-5"),
        ("$ -1.234,50", "AR", "-1234.50"),
        ("(1.234,50)", "AR", "-1234.50"),
        ("1.234,50-", "AR", "-1234.50"),
        ("$ 500,-", "AR", "500"),
        ("1E+05", "MX", "100000"),
        ("1,5E+10", "AR", "15000000000"),
        ("US$ 1,234.50", "AR", "1234.50"),
        ("MX$1,234.50", "MX", "1234.50"),
        ("$ 1,234.50 M.N.", "MX", "1234.50"),
        ("S/. 1,234.50", "PE", "1234.50"),
        ("₡1.234,50", "CR", "1234.50"),
        ("Gs. 1.234", "PY", "1234"),
        ("$U 1.234", "UY", "1234"),
        ("Bs 1.234,50", "BO", "1234.50"),
        ("+5", "AR", "5"),
        ("$ +1.234,50", "AR", "1234.50"),
    ],
)
def test_an_amount_is_read_as_people_of_the_region_mean_it(text: str, region: str, amount: str) -> None:
    assert read_amount(text, region=region) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " ", "sin dato", "-", "$", "1.2.3", "1,250.000,5", "1.25.000", "80.50.5", "12,34,56", "1_000", "5%", "1/2", "2 3",
     "NaN", "Infinity", "1e999", "5.", "٣x", "1" * 61, "a5", "5a", "012.345", "--5", "-$-5", "-5-",
     "(-5)", "+-5"],
)  # fmt: skip
def test_what_is_no_amount_or_could_be_two_is_none(text: str) -> None:
    assert read_amount(text, region="AR") is None


def test_the_decimal_sign_is_the_regions() -> None:
    assert [decimal_sign(region) for region in ("AR", "MX", "BR", "CL", "US")] == [",", ".", ",", ",", "."]


@pytest.mark.parametrize(
    ("text", "region", "date"),
    [
        ("3/4/2026", "AR", (2026, 4, 3)),
        ("3/4/2026", "MX", (2026, 4, 3)),
        ("3/4/2026", "US", (2026, 3, 4)),
        ("03/04/26", "AR", (2026, 4, 3)),
        ("03-04-1975", "BR", (1975, 4, 3)),
        ("3.4.75", "AR", (1975, 4, 3)),
        ("25/12/2026", "US", (2026, 12, 25)),
        ("12/25/2026", "AR", (2026, 12, 25)),
        ("2026-04-03", "AR", (2026, 4, 3)),
        ("2026/4/3", "MX", (2026, 4, 3)),
        ("2026-04-03T10:30:00Z", "AR", (2026, 4, 3)),
        ("3/4/2026 10:30", "AR", (2026, 4, 3)),
        ("20260403", "AR", (2026, 4, 3)),
        ("3 de abril de 2026", "AR", (2026, 4, 3)),
        ("3-abr-26", "MX", (2026, 4, 3)),
        ("03-Apr-2026", "MX", (2026, 4, 3)),
        ("1 de setembro de 2026", "BR", (2026, 9, 1)),
        ("1º de março de 2026", "BR", (2026, 3, 1)),
        ("1° de marzo de 2026", "AR", (2026, 3, 1)),
        ("viernes, 3 de abril de 2026", "AR", (2026, 4, 3)),
        ("mar 3 mar 2026", "AR", (2026, 3, 3)),
        ("segunda-feira, 2 de março de 2026", "BR", (2026, 3, 2)),
        ("April 3, 2026", "US", (2026, 4, 3)),
        ("Mar 3 2026", "MX", (2026, 3, 3)),
        ("3rd of April 2026", "US", (2026, 4, 3)),
    ],
)
def test_a_date_is_read_as_people_of_the_region_mean_it(text: str, region: str, date: tuple[int, int, int]) -> None:
    assert read_date(text, region=region) == dt.date(*date)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ayer",
        "31/2/2026",
        "20026-03-15",
        "infinity",
        "0000-00-00",
        "3/4",
        "13/13/2026",
        "9999-99-99",
        "46096",
        "3 mayúscula 2026",
        "3 de abrilla de 2026",
        "3/4/2026 13:05 p. m.",
        "3/4/2026 10:30 +99:00",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, region="AR") is None


def test_a_moment_has_its_time() -> None:
    assert read_moment("3/4/2026 18:05", region="AR") == dt.datetime(2026, 4, 3, 18, 5)  # noqa: DTZ001
    assert read_moment("03/04/26 6:05:09", region="MX") == dt.datetime(2026, 4, 3, 6, 5, 9)  # noqa: DTZ001
    assert read_moment("3/4/2026", region="AR") == dt.datetime(2026, 4, 3)  # noqa: DTZ001
    assert read_moment("3/4/2026 25:00", region="AR") is None


@pytest.mark.parametrize(
    ("text", "time"),
    [("10:30:15 p.\u00a0m.", dt.time(22, 30, 15)), ("10:30 PM", dt.time(22, 30)), ("12:30 a. m.", dt.time(0, 30)),
     ("12:05 pm", dt.time(12, 5)), ("10:30 hs", dt.time(10, 30)), ("10:30 hrs.", dt.time(10, 30))],
)  # fmt: skip
def test_half_the_day_is_read_as_mexico_writes_it(text: str, time: dt.time) -> None:
    assert read_moment(f"3/4/2026 {text}", region="MX") == dt.datetime.combine(dt.date(2026, 4, 3), time)


@pytest.mark.parametrize(("text", "hour"), [("10:30Z", 10), ("10:30 UTC", 10), ("10:30 -03:00", 13), ("10:30+0530", 5)])
def test_an_offset_that_is_written_counts(text: str, hour: int) -> None:
    found = read_moment(f"3/4/2026 {text}", region="AR")

    assert found is not None
    assert found.astimezone(dt.UTC).hour == hour
