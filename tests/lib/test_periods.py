"""Periods as people write them, their days, and the days on which clocks change."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from leadmaster.lib.periods import PeriodError, between, last_days, midnight, of_days

CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
MADRID = zoneinfo.ZoneInfo("Europe/Madrid")
HAVANA = zoneinfo.ZoneInfo("America/Havana")
NOW = dt.datetime(2026, 3, 4, 1, 30, tzinfo=dt.UTC)  # the third, 22:30, in Córdoba
DAY = dt.date


def asked(since: str = "", until: str = "", *, moments: bool = True) -> tuple[str, str]:
    period = between(since, until, zone=CORDOBA, now=NOW, usual=7, most=31, moments=moments)
    return f"{period.since:%m-%d %H:%M}", f"{period.until:%m-%d %H:%M}"


def test_without_anything_the_last_days_up_to_today_in_the_zone() -> None:
    assert asked() == ("02-25 03:00", "03-04 03:00")
    period = last_days(7, zone=CORDOBA, now=NOW)
    assert (period.first, period.last) == (DAY(2026, 2, 25), DAY(2026, 3, 3))


def test_a_last_day_counts_whole_and_a_moment_to_the_minute() -> None:
    assert asked("2026-02-07", "2026-02-07") == ("02-07 03:00", "02-08 03:00")
    assert asked("2026-02-07 08:00", "2026-02-07T12:15") == ("02-07 11:00", "02-07 15:15")
    assert asked("2026-02-07T08:00:00+00:00", "2026-02-07") == ("02-07 08:00", "02-08 03:00")


def test_where_days_alone_are_asked_for_a_moment_is_refused() -> None:
    assert asked("2026-02-07", "2026-02-07", moments=False) == ("02-07 03:00", "02-08 03:00")
    with pytest.raises(PeriodError, match="no es una fecha"):
        asked("2026-02-07T08:00", moments=False)


@pytest.mark.parametrize(
    ("since", "until", "field", "told"),
    [
        ("ayer", "", "since", "“ayer” no es una fecha"),
        ("2026-02-30", "", "since", "no es una fecha"),
        ("2026-03-02", "2026-03-01", "until", "termina antes de empezar"),
        ("2026-02-07 10:00", "2026-02-07 10:00", "until", "termina antes de empezar"),
        ("2026-01-01", "2026-02-01", "until", "hasta 31 días"),
        ("0001-01-01", "2026-02-01", "since", "entre 2000 y 2100"),
        ("2026-01-01", "9999-12-31", "until", "entre 2000 y 2100"),
    ],
)
def test_what_is_no_period_is_refused_by_the_end_that_is_wrong(since: str, until: str, field: str, told: str) -> None:
    with pytest.raises(PeriodError, match=told) as refused:
        asked(since, until)
    assert refused.value.field == field


def test_its_days_are_those_of_the_zone() -> None:
    period = of_days(DAY(2026, 3, 28), DAY(2026, 3, 30), zone=MADRID, most=31)

    hours = [(one.until - one.since) / dt.timedelta(hours=1) for one in period.slices()]

    assert period.days() == [DAY(2026, 3, 28), DAY(2026, 3, 29), DAY(2026, 3, 30)]
    assert hours == [24, 23, 24]


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_instant() -> None:
    # Havana goes from 23:59:59 to 01:00.
    assert midnight(DAY(2026, 3, 8), HAVANA) == dt.datetime(2026, 3, 8, 5, tzinfo=dt.UTC)


def test_pieces_of_one_distance_cover_it_without_a_gap_and_a_day_of_change_stands_alone() -> None:
    period = of_days(DAY(2026, 3, 20), DAY(2026, 4, 5), zone=MADRID, most=31)

    pieces = [(one.first, one.last, distance) for one, distance in period.steady()]

    hour = dt.timedelta(hours=1)
    assert pieces == [
        (DAY(2026, 3, 20), DAY(2026, 3, 28), hour),
        (DAY(2026, 3, 29), DAY(2026, 3, 29), hour),
        (DAY(2026, 3, 30), DAY(2026, 4, 5), 2 * hour),
    ]
    ends = [one.until for one, _distance in period.steady()]
    assert ends[-1] == period.until
    assert [one.since for one, _distance in period.steady()] == [period.since, *ends[:-1]]
