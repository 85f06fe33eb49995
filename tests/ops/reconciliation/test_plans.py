"""How each check reaches its rows on MariaDB: a range of keys at a time, whatever its condition is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadmaster.ops.reconciliation import registry
from leadmaster.ops.reconciliation.check import Check
from leadmaster.ops.reconciliation.run import next_range
from opportunities.models import Opportunity, OpportunityEvent
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.test_desk_races import ask
from tests.plans import analyse, captured, steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
ROWS = 4_000
# Small by nature: a few of each team, line or source.
SMALL = {
    "opportunities_desk",
    "opportunities_promoter",
    "opportunities_stage",
    "opportunities_absence",
    "calendars_openingwindow",
    "calendars_holiday",
    "calendars_holidaywindow",
    "accounts_user",
}


@pytest.fixture
def crowded() -> None:
    """A desk with thousands of opportunities, their clients and their histories."""
    Funnel()
    promoter = PromoterFactory(desk=DeskFactory(daily_quota=ROWS, capacity=ROWS))
    client_rows = ClientFactory.build_batch(ROWS)
    for client in client_rows:
        client.shard = 0
    type(client_rows[0]).objects.bulk_create(client_rows)
    for number in range(8):
        ask(promoter, ROWS // 8, f"k{number}")
    assert Opportunity.objects.count() > ROWS // 2
    assert OpportunityEvent.objects.count() > ROWS // 2
    analyse("opportunities_opportunity", "opportunities_opportunityevent", "directory_client", "opportunities_lot")


@pytest.mark.usefixtures("crowded")
def test_a_step_of_every_check_reads_its_range_and_no_whole_table() -> None:
    whole = {check.name: tables for check in registry.all_checks() if (tables := _read_whole(check))}

    assert whole == {}
    # And this judge sees one that does.
    assert _whole_tables(lambda: Opportunity.objects.filter(attempts__gt=1)) == {"opportunities_opportunity"}


def _read_whole(check: Check[Any]) -> set[str]:
    """Tables of size that the question about 200 ids in the middle reads from end to end."""
    ids = next_range(check, after=ROWS // 3)
    if ids is None:
        return set()
    rows = check.rows().filter(pk__gte=ids.start, pk__lt=ids.start + 200)
    return _whole_tables(lambda: check.suspects(rows, now=NOW))


def _whole_tables(ask: Callable[[], Iterable[object]]) -> set[str]:
    """By the rows themselves or by one of its indexes."""
    with CaptureQueriesContext(connection) as asked:
        list(ask())
    plans = [step for sql in captured(asked, beginning="SELECT") for step in steps(sql.replace("%", "%%"))]
    return {step.table for step in plans if step.access in {"ALL", "index"} and step.rows > ROWS // 4} - SMALL
