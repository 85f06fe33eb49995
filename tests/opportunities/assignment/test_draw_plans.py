"""How the draw and the lists reach their rows among 50,000 clients on MariaDB: by which index, and without a sort."""

from __future__ import annotations

import datetime as dt
import zlib

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.directory.models.client import shard_of
from opportunities.assignment import facets
from opportunities.assignment.draw import draw
from opportunities.assignment.filters import Filters
from opportunities.models import Opportunity, Promoter
from tests.factories.opportunities import DeskFactory, Funnel, PromoterFactory
from tests.plans import analyse, captured, steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
CLIENTS = 50_000
POOLED = 3_000

COMBINATIONS = [
    Filters(),
    Filters(province="P1"),
    Filters(province="P1", city="C1"),
    Filters(agreement="A1"),
    Filters(client_type="T1"),
    Filters(province="P1", agreement="A1"),
    Filters(province="P1", client_type="T1"),
    Filters(agreement="A1", client_type="T1"),
    Filters(province="P1", agreement="A1", client_type="T1"),
    Filters(province="P1", city="C1", agreement="A1"),
    Filters(province="P1", city="C1", agreement="A1", client_type="T1"),
]


@pytest.fixture
def promoter() -> Promoter:
    """50,000 clients with a phone each, a twentieth of them opted out; a pool of 3,000 and 20,000 closed."""
    funnel = Funnel()
    promoter: Promoter = PromoterFactory(desk=DeskFactory(daily_quota=100))
    Client.objects.bulk_create(
        [
            Client(
                source="p",
                external_id=str(number),
                shard=shard_of(str(number)),
                province=f"P{number % 10}",
                city=f"C{number % 100 // 10}",
                agreement=f"A{number % 7}",
                client_type=f"T{number % 3}",
                availability="pool" if number < POOLED else "libre",
                created_at=NOW,
                updated_at=NOW,
            )
            for number in range(CLIENTS)
        ],
        batch_size=5_000,
    )
    ids = list(Client.objects.order_by("id").values_list("id", flat=True))
    ContactPoint.objects.bulk_create(
        [ContactPoint(client_id=pk, kind="telefono", raw=f"+52{pk:010d}", normalised=f"+52{pk:010d}") for pk in ids],
        batch_size=5_000,
    )
    Suppression.objects.bulk_create(
        [Suppression(phone=f"+52{pk:010d}", source="respuesta", created_at=NOW) for pk in ids[::20]], batch_size=5_000
    )
    Opportunity.objects.bulk_create(
        [
            Opportunity(
                client_id=pk,
                open_client_id=pk,
                team=promoter.desk.team,
                state="pool",
                stage_since=NOW,
                state_since=NOW + dt.timedelta(seconds=number),
                created_at=NOW,
            )
            for number, pk in enumerate(ids[:POOLED])
        ],
        batch_size=5_000,
    )
    # What a desk has after some months: most of its opportunities are closed.
    closed = {
        "team": promoter.desk.team,
        "stage": funnel.lost,
        "stage_since": NOW,
        "state_since": NOW,
        "created_at": NOW,
    }
    Opportunity.objects.bulk_create(
        [Opportunity(client_id=pk, state="perdida", **closed) for pk in ids[:20_000]], batch_size=5_000
    )
    analyse("directory_client", "directory_contactpoint", "directory_suppression", "opportunities_opportunity")
    return promoter


def selects(context: CaptureQueriesContext) -> list[str]:
    return captured(context, beginning="SELECT")


def rows_read() -> int:
    """Rows that this connection's statements have asked the engine for, and those that it passed by on an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name = 'Handler_icp_attempts'"
        )
        return sum(int(value) for _name, value in cursor.fetchall())


def late_day(promoter: Promoter) -> dt.datetime:
    """A day on which this promoter's draw begins far from the head of the index."""
    days = (NOW + dt.timedelta(days=number) for number in range(1_000))
    return next(day for day in days if 40 <= zlib.crc32(f"{promoter.pk}:{day:%Y-%m-%d}".encode()) % 64 < 60)


def test_a_draw_walks_an_index_and_reads_few_rows_whatever_the_filters(promoter: Promoter) -> None:
    # Nothing in the pool: every one of these has to come from the free ones.
    Opportunity.objects.all().delete()
    # Else the server counts anew by itself in the middle of a draw, or not yet.
    analyse("opportunities_opportunity")
    for filters in COMBINATIONS:
        before = rows_read()
        with CaptureQueriesContext(connection) as context, transaction.atomic():
            drawn = draw(promoter, filters, 20, now=late_day(promoter))
        read = rows_read() - before
        assert len(drawn) == 20, filters
        for sql in selects(context):
            plan = steps(sql)
            walked = [step for step in plan if step.table == "directory_client"]
            assert not any(step.sorts for step in walked if "IN (" not in sql), (filters, plan)
            assert not any(step.reads_a_whole_table for step in plan), (filters, plan)
            assert not any(step.select_type == "MATERIALIZED" for step in plan), (filters, plan)
        # What the indexes carry costs a page; the others pass by what doesn't match, within their window.
        assert read < (2_000 if filters.carried() else 45_000), (filters, read)


def test_the_pool_is_walked_in_its_order(promoter: Promoter) -> None:
    with CaptureQueriesContext(connection) as context, transaction.atomic():
        drawn = draw(promoter, Filters(province="P1"), 20, now=NOW)
    oldest = Opportunity.objects.pool().filter(client__province="P1").values_list("client", flat=True)
    resting = set(Suppression.objects.values_list("phone", flat=True))
    wanted = [pk for pk in oldest if f"+52{pk:010d}" not in resting][:20]
    assert {row.client_id for row in drawn.pooled} == set(wanted)
    walks = [sql for sql in selects(context) if "`state_since`" in sql and "FOR UPDATE" not in sql]
    assert len(walks) == 2
    for walk in walks:
        [step] = steps(walk)
        assert (step.key, step.sorts) == ("opp_of_team", False)


def test_options_and_counts_read_a_bounded_number_of_rows(promoter: Promoter) -> None:
    before = rows_read()
    found = facets.options(promoter, Filters(), "province", now=NOW)
    assert [option.value for option in found] == [f"P{number}" for number in range(10)]
    assert {option.label for option in found} == {"1.000+"}
    # Ten values, a thousand each, with their cool-downs, phones and opt-outs; and one page of the pool.
    assert rows_read() - before < 10 * 1_001 * 13 + 2_000 * 10


def test_every_list_has_its_index(promoter: Promoter) -> None:
    team = Opportunity.objects.filter(team=promoter.desk.team)
    lists = {
        "opp_of_owner": Opportunity.objects.filter(owner=promoter).active().order_by("deadline", "id")[:50],
        "opp_of_team": team.pool()[:50],
        "opp_expiring": Opportunity.objects.overdue(NOW).order_by("deadline", "id")[:500],
    }
    for index, rows in lists.items():
        assert walked_by(rows) == (index, False)
    assert walked_by(team.inbox()[:50]) == ("opp_of_team", False)


def walked_by(rows: QuerySet[Opportunity]) -> tuple[str, bool]:
    """The index of the one step, and whether it sorts."""
    with CaptureQueriesContext(connection) as context:
        list(rows.values_list("id", flat=True))
    [step] = steps(context.captured_queries[0]["sql"])
    return step.key, step.sorts
