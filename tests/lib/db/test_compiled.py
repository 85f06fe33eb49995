"""Statements compiled once: what the ORM would have done, with each execution's own values."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, UUIDField, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from campaigns.models import Lane
from leadmaster.calendars.models import Holiday
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.compiled import (
    CompiledCopy,
    CompiledCount,
    CompiledInsert,
    CompiledRow,
    CompiledRows,
    CompiledUpdate,
    Param,
    params,
)
from opportunities.models import AssignmentRequest, Lot
from tests.factories.campaigns import LaneFactory
from tests.factories.opportunities import CalendarFactory, PromoterFactory

pytestmark = pytest.mark.django_db

DUE = dt.datetime(2026, 2, 7, 14, 0, 0, 123456, tzinfo=dt.UTC)


def test_an_update_takes_the_values_of_each_execution_and_counts_the_rows() -> None:
    first, second = LaneFactory(busy=True, burst_count=3), LaneFactory(busy=True, burst_count=8)
    free = CompiledUpdate(
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
    look = CompiledRow(
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

    look = CompiledRow(rows)  # type: ignore[arg-type]
    with CaptureQueriesContext(connection) as captured:
        assert [look(id=lane.pk) for _ in range(3)] == [(lane.pk,)] * 3
    assert len(asked) == 1
    assert len(captured) == 3


def test_all_rows_come_back_and_a_list_is_one_value() -> None:
    first, second, third = (LaneFactory(burst_count=number) for number in (3, 8, 5))
    look = CompiledRows(
        lambda: (
            Lane.objects.filter(id__in=params("ids", BigIntegerField(), 2))
            .order_by("burst_count")
            .values_list("id", "burst_count")
        )
    )
    assert look(ids=[second.pk, first.pk]) == [(first.pk, 3), (second.pk, 8)]
    assert look(ids=(third.pk, third.pk)) == [(third.pk, 5)]
    assert look(ids=[0, -1]) == []


def test_a_count_keeps_the_limit() -> None:
    LaneFactory.create_batch(5, burst_count=2)
    count = CompiledCount(
        lambda: Lane.objects.filter(burst_count=Param("bursts", BigIntegerField())).values_list("id")[:3]
    )
    assert [count(bursts=2), count(bursts=9)] == [3, 0]


def test_a_copy_makes_a_row_of_each_and_fills_what_is_not_named_with_defaults() -> None:
    suppressed = Suppression.objects.create(phone="+5215550000001", source="persona", reason="Pidió", created_at=DUE)
    Suppression.objects.create(phone="+5215550000002", source="respuesta", created_at=DUE)
    copy = CompiledCopy(
        Suppression,
        lambda: Suppression.objects.filter(source=Param("source", CharField())),
        phone=Concat(F("phone"), Value("9")),
        source=F("source"),
        created_at=Param("now", DateTimeField()),
    )
    later = DUE + dt.timedelta(days=1)
    assert copy(source="persona", now=later) == 1
    assert copy(source="archivo", now=later) == 0
    row = Suppression.objects.get(phone="+52155500000019")
    assert (row.source, row.created_at, row.reason, row.created_by) == ("persona", later, "", None)
    suppressed.refresh_from_db()
    assert (suppressed.reason, Suppression.objects.count()) == ("Pidió", 3)


def test_an_insert_writes_what_a_save_would_and_gives_the_id() -> None:
    calendar = CalendarFactory()
    write = CompiledInsert(Holiday)
    first = write(Holiday(calendar=calendar, date=dt.date(2026, 5, 1), name="Día del Trabajo"))
    with CaptureQueriesContext(connection) as captured:
        second = write(Holiday(calendar_id=calendar.pk, date=dt.date(2026, 9, 16), name="50 % y comillas'"))
    assert len(captured) == 1
    assert [first, second] == list(Holiday.objects.order_by("date"))
    assert Holiday.objects.get(pk=second.pk).name == "50 % y comillas'"
    second.name = "Independencia"
    second.save()
    assert Holiday.objects.count() == 2


def test_an_insert_writes_json_nulls_and_defaults() -> None:
    promoter = PromoterFactory()
    row = CompiledInsert(Lot)(
        Lot(promoter_id=promoter.pk, team_id=promoter.desk.team_id, day=DUE.date(), created_at=DUE, filters={"a": "é"})
    )
    found = Lot.objects.get()
    assert (found.pk, found.filters, found.created_at, found.asked, found.reassigned_on) == (
        row.pk,
        {"a": "é"},
        DUE,
        0,
        None,
    )
    key = CompiledInsert(AssignmentRequest)(AssignmentRequest(promoter_id=promoter.pk, key="k", at=DUE))
    assert AssignmentRequest.objects.get(answer={}, lot=None) == key


def test_an_insert_that_breaks_a_rule_says_so() -> None:
    promoter = PromoterFactory()
    write = CompiledInsert(AssignmentRequest)
    write(AssignmentRequest(promoter_id=promoter.pk, key="k", at=DUE))
    with pytest.raises(IntegrityError), transaction.atomic():
        write(AssignmentRequest(promoter_id=promoter.pk, key="k", at=DUE))
    assert AssignmentRequest.objects.count() == 1
