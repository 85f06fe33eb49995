"""Statements compiled once: what the ORM would have done, with each execution's own values."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, F, UUIDField
from django.test.utils import CaptureQueriesContext

from campaigns.models import Lane
from leadmaster.lib.prepared import Param, PreparedRow, PreparedUpdate
from tests.factories.campaigns import LaneFactory

pytestmark = pytest.mark.django_db

DUE = dt.datetime(2026, 2, 7, 14, 0, 0, 123456, tzinfo=dt.UTC)


def test_an_update_takes_the_values_of_each_execution_and_counts_the_rows() -> None:
    first, second = LaneFactory(busy=True, burst_count=3), LaneFactory(busy=True, burst_count=8)
    free = PreparedUpdate(
        lambda: Lane.objects.filter(id=Param("id", BigIntegerField()), token=Param("token", UUIDField())),
        busy=False,
        token=None,
        lease_until=None,
        next_due=Param("due", DateTimeField()),
        burst_count=F("burst_count") + 1,
    )
    assert free(id=first.pk, token=first.token, due=DUE) == 1
    assert free(id=second.pk, token=uuid.uuid4(), due=DUE) == 0
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.busy, first.token, first.next_due, first.burst_count) == (False, None, DUE, 4)
    assert (second.busy, second.burst_count) == (True, 8)


def test_a_row_comes_back_in_python_s_own_types() -> None:
    lane, _other = LaneFactory(busy=True, next_due=DUE), LaneFactory(busy=True)
    look = PreparedRow(
        lambda: Lane.objects.filter(token=Param("token", UUIDField())).values_list("id", "token", "next_due", "busy")
    )
    assert look(token=lane.token) == (lane.pk, lane.token, DUE, True)
    assert look(token=uuid.uuid4()) is None


def test_the_orm_is_asked_once_and_the_database_every_time() -> None:
    lane = LaneFactory()
    asked = []

    def rows() -> object:
        asked.append(1)
        return Lane.objects.filter(id=Param("id", BigIntegerField())).values_list("id")

    look = PreparedRow(rows)  # type: ignore[arg-type]
    with CaptureQueriesContext(connection) as captured:
        assert [look(id=lane.pk) for _ in range(3)] == [(lane.pk,)] * 3
    assert len(asked) == 1
    assert len(captured) == 3
