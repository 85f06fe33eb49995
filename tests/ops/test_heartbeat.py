"""Signs of life and their age."""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from leadmaster.ops.heartbeat import age, beat
from leadmaster.ops.models import Heartbeat

NOON = dt.datetime(2026, 2, 7, 12, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def test_what_never_beat_has_no_age() -> None:
    beat("tick", now=NOON)

    assert age("lookups", now=NOON) is None


def test_age_counts_from_the_last_beat() -> None:
    beat("tick", now=NOON, detail={"minute": "12:00"})
    beat("tick", now=NOON + dt.timedelta(minutes=1), detail={"minute": "12:01"})

    assert age("tick", now=NOON + dt.timedelta(minutes=3)) == dt.timedelta(minutes=2)
    assert Heartbeat.objects.get().detail == {"minute": "12:01"}


def test_age_is_never_negative_when_clocks_differ() -> None:
    beat("tick", now=NOON)

    assert age("tick", now=NOON - dt.timedelta(seconds=5)) == dt.timedelta(0)


def test_a_beat_costs_one_query_once_there_was_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    beat("tick", now=NOON)

    with django_assert_num_queries(1):
        beat("tick", now=NOON)
