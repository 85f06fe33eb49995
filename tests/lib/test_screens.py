"""Times as people say them, shares as bars."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from pathlib import Path
from typing import get_args

import pytest
from django.conf import settings
from django.utils import timezone, translation

from leadmaster.lib import screens

NOW = dt.datetime(2026, 11, 21, 15, 0, tzinfo=dt.UTC)  # noon in Córdoba


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (dt.timedelta(seconds=-20), "hace instantes"),
        (dt.timedelta(seconds=20), "en instantes"),
        (dt.timedelta(minutes=-5), "hace 5 min"),
        (dt.timedelta(minutes=12), "en 12 min"),
        (dt.timedelta(hours=-3), "hoy 09:00"),
        (dt.timedelta(hours=-13), "ayer 23:00"),
        (dt.timedelta(hours=13), "mañana 01:00"),
        (dt.timedelta(days=-10), "11 nov 12:00"),
        (dt.timedelta(days=-400), "17 oct 2025 12:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(shift: dt.timedelta, words: str) -> None:
    assert screens.spoken(NOW + shift, NOW) == words


def test_english_writes_months_with_their_capital() -> None:
    with translation.override("en"):
        assert screens.spoken(NOW - dt.timedelta(days=10), NOW) == "11 Nov 12:00"


def test_the_same_moment_is_another_day_elsewhere() -> None:
    late = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)

    assert screens.spoken(late, NOW) == "hoy 23:00"
    with timezone.override("Europe/Madrid"):
        assert screens.spoken(late, NOW) == "mañana 03:00"


@pytest.mark.parametrize("seconds", [61, 119, 1_559, 3_599])
def test_minutes_are_whole_ones_and_never_sixty(seconds: int) -> None:
    for sign, words in ((1, "en %d min"), (-1, "hace %d min")):
        moment = NOW + sign * dt.timedelta(seconds=seconds)
        assert screens.spoken(moment, NOW) == words % (seconds // 60)


MEXICO = zoneinfo.ZoneInfo("America/Mexico_City")


@pytest.mark.parametrize(
    ("shift", "zone", "words"),
    [
        (dt.timedelta(hours=3), MEXICO, "hoy 12:00 (15:00 en tu hora)"),
        (dt.timedelta(hours=13), MEXICO, "hoy 22:00 (mañana 01:00 en tu hora)"),
        (dt.timedelta(days=-10), MEXICO, "11 nov 09:00 (12:00 en tu hora)"),
        # Another name for the same hour is no other hour.
        (dt.timedelta(hours=3), zoneinfo.ZoneInfo("America/Sao_Paulo"), "hoy 15:00"),
        (dt.timedelta(hours=3), None, "hoy 15:00"),
    ],
)
def test_the_desks_hour_comes_first_and_the_viewers_where_it_differs(
    shift: dt.timedelta, zone: zoneinfo.ZoneInfo | None, words: str
) -> None:
    assert screens.clock_time(NOW + shift, NOW, tz=zone) == words
    assert screens.spoken(NOW + shift, NOW, tz=zone) == words


def test_an_hour_alone_says_both_where_they_differ() -> None:
    assert screens.hour(NOW, tz=MEXICO) == "09:00 (12:00 en tu hora)"
    assert screens.hour(NOW, tz=zoneinfo.ZoneInfo("America/Argentina/Salta")) == "12:00"


def test_the_exact_time_is_there_on_hover() -> None:
    html = screens.when(NOW - dt.timedelta(minutes=5), NOW)

    assert 'datetime="2026-11-21T14:55:00+00:00"' in html
    assert "sábado 21 noviembre 2026, 11:55:00 (America/Argentina/Cordoba)" in html


def test_no_moment_is_a_dash() -> None:
    assert "—" in screens.when(None, NOW)


def test_shares_leave_out_nothing_and_fill_the_bar() -> None:
    parts = screens.shares([("a", 3, "sent"), ("b", 0, "error"), ("c", 1, "pending")])

    assert [(part.name, part.percent) for part in parts] == [("a", 75.0), ("c", 25.0)]


def test_a_bar_is_drawn_without_style_attributes() -> None:
    html = screens.stacked_bar([("<b>", 1, "sent"), ("c", 1, "pending")], "1 de 2")

    assert "style" not in html
    assert "&lt;b&gt;" in html
    assert 'x="50.000%"' in html


def test_every_colour_of_a_bar_is_in_the_style_sheet() -> None:
    sheets = "".join(sheet.read_text() for sheet in Path(settings.BASE_DIR, "static", "leadmaster").glob("*.css"))
    assert set(re.findall(r"\.lm-fill-([a-z-]+)", sheets)) == set(get_args(screens.Fill))
