"""What old cells say, and what nobody can read."""

from __future__ import annotations

import datetime as dt
import decimal
import zoneinfo
from collections.abc import Callable

import pytest

from leadmaster.legacy import values

TZ = zoneinfo.ZoneInfo("America/Argentina/Cordoba")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("JosÃ© NÃºÃ±ez", "José Núñez"),
        ("Â¿QuiÃ©n?", "¿Quién?"),
        ("Haby â€“ ReactivaciÃ³n", "Haby – Reactivación"),
        ("José Núñez", "José Núñez"),
        ("Ã", "Ã"),
        ("AÇÃO", "AÇÃO"),
        ("  Ana\x00 ", "Ana"),
        (None, ""),
    ],
)
def test_texts_get_their_accents_back_and_nothing_else(cell: str | None, said: str) -> None:
    assert values.text(cell) == said


def test_a_wall_clock_is_read_in_its_zone() -> None:
    assert values.moment("2026-02-07 08:00:49", TZ) == dt.datetime(2026, 2, 7, 11, 0, 49, tzinfo=dt.UTC)
    assert values.moment("2026-02-07", TZ) == dt.datetime(2026, 2, 7, 3, tzinfo=dt.UTC)
    assert values.moment(None, TZ) is None
    assert values.moment("", TZ) is None


@pytest.mark.parametrize(
    ("read", "cell"),
    [
        (values.wall_clock, "0000-00-00 00:00:00"),
        (values.wall_clock, "2026-02-00 08:00:00"),
        (values.wall_clock, "ayer"),
        (values.number, "12a"),
        (values.amount, "NaN"),
        (values.amount, "1.500,00"),
        (values.time_of_day, "25:00:00"),
        (values.time_of_day, "mañana"),
    ],
)
def test_what_nobody_can_read_says_so(read: Callable[[str], object], cell: str) -> None:
    with pytest.raises(values.Unreadable, match=cell[:3]):
        read(cell)


def test_the_end_of_the_day_is_midnight() -> None:
    assert [values.time_of_day(cell) for cell in ("24:00:00", "23:59:59", "18:30:00", None)] == [
        dt.time(0),
        dt.time(0),
        dt.time(18, 30),
        None,
    ]


def test_numbers_and_references() -> None:
    assert (values.number(" 12 "), values.number(None)) == (12, None)
    assert (values.reference("7"), values.reference("0"), values.reference("x"), values.reference(None)) == (
        7,
        None,
        None,
        None,
    )
    assert values.amount("5464.00") == decimal.Decimal("5464.00")
    assert [values.truth(cell) for cell in ("1", "0", "\x01", "sí", None)] == [True, False, True, True, False]
