"""How the draw and the lists reach their rows among 50,000 clients on MariaDB: by which index, and without a sort."""

from __future__ import annotations

import datetime as dt
import time
import zlib

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from leadmaster.directory.models import SHARDS, Client, Suppression
from leadmaster.directory.models.client import shard_of
from opportunities.assignment import facets
from opportunities.assignment.draw import draw
from opportunities.assignment.filters import Filters
from opportunities.models import Opportunity, Promoter
from tests.factories.opportunities import DeskFactory, Funnel, PromoterFactory
from tests.plans import analyse, captured, numbers, steps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)
CLIENTS = 50_000
POOLED = 3_000
# How long the server may take to clear away what earlier tests deleted, in seconds.
PURGED_WITHIN = 60

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


# In the server's own words: tens of thousands of rows are there in a second. `shard` is `shard_of` in them.
CLIENT_ROWS = f"""
INSERT INTO directory_client
    (source, external_id, name, last_names, tax_id, province, city, agreement, client_type, availability, shard, digest,
     created_at, updated_at)
SELECT 'p', seq, '', '', '', CONCAT('P', seq %% 10), CONCAT('C', seq %% 100 DIV 10), CONCAT('A', seq %% 7),
       CONCAT('T', seq %% 3), IF(seq < {POOLED}, 'pool', 'libre'), CRC32(seq) %% {SHARDS}, '', %s, %s
FROM {numbers(0, CLIENTS - 1)} ORDER BY seq
"""
PHONE_ROWS = """
INSERT INTO directory_contactpoint (client_id, kind, label, raw, normalised, is_primary, is_valid, position)
SELECT id, 'telefono', '', CONCAT('+52', LPAD(id, 10, '0')), CONCAT('+52', LPAD(id, 10, '0')), 0, 1, 0
FROM directory_client
"""
OPT_OUT_ROWS = """
INSERT INTO directory_suppression (phone, source, reason, created_at)
SELECT CONCAT('+52', LPAD(id, 10, '0')), 'respuesta', '', %s FROM directory_client WHERE external_id %% 20 = 0
"""
# What a desk has after some months: most of its opportunities are closed.
CLOSED_ROWS = """
INSERT INTO opportunities_opportunity
    (client_id, team_id, stage_id, state, origin, version, stage_since, state_since, extended, attempts, exit_reason,
     data, created_at)
SELECT id, %s, %s, 'perdida', 'asignacion', 1, %s, %s, 0, 1, '', '{}', %s FROM directory_client WHERE external_id < 20000
"""
POOLED_ROWS = """
INSERT INTO opportunities_opportunity
    (client_id, open_client_id, team_id, state, origin, version, stage_since, state_since, extended, attempts,
     exit_reason, data, created_at)
SELECT id, id, %s, 'pool', 'asignacion', 1, %s, %s + INTERVAL external_id SECOND, 0, 1, '', '{}', %s
FROM directory_client WHERE availability = 'pool'
"""


@pytest.fixture
def promoter() -> Promoter:
    """50,000 clients with a phone each, a twentieth of them opted out; none in the pool yet, and 20,000 closed."""
    funnel = Funnel()
    promoter: Promoter = PromoterFactory(desk=DeskFactory(daily_quota=100))
    with connection.cursor() as cursor:
        cursor.execute(CLIENT_ROWS, [NOW, NOW])
        cursor.execute(PHONE_ROWS)
        cursor.execute(OPT_OUT_ROWS, [NOW])
        cursor.execute(CLOSED_ROWS, [promoter.desk.team_id, funnel.lost.pk, NOW, NOW, NOW])
    some = Client.objects.order_by("-id").first()
    assert some is not None
    assert some.shard == shard_of(some.external_id)
    analyse("directory_client", "directory_contactpoint", "directory_suppression", "opportunities_opportunity")
    return promoter


@pytest.fixture
def pool(promoter: Promoter) -> None:
    """3,000 of them, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(POOLED_ROWS, [promoter.desk.team_id, NOW, NOW, NOW])
    analyse("opportunities_opportunity")


def selects(context: CaptureQueriesContext) -> list[str]:
    return captured(context, beginning="SELECT")


def rows_read() -> int:
    """Rows that this connection's statements have asked the engine for, and those that it passed by on an index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name = 'Handler_icp_attempts'"
        )
        return sum(int(value) for _name, value in cursor.fetchall())


def rows_read_by_a_draw(promoter: Promoter, filters: Filters, bound: int) -> tuple[int, CaptureQueriesContext]:
    """What a draw of twenty reads. Rows that others deleted and that the server has not cleared away yet are counted
    by it as well: so it is tried again for a while when it was above the bound."""
    end = time.monotonic() + PURGED_WITHIN
    while True:
        before = rows_read()
        with CaptureQueriesContext(connection) as context, transaction.atomic():
            drawn = draw(promoter, filters, 20, now=late_day(promoter))
        read = rows_read() - before
        assert len(drawn) == 20, filters
        if read < bound or time.monotonic() > end:
            return read, context
        time.sleep(0.5)


def late_day(promoter: Promoter) -> dt.datetime:
    """A day on which this promoter's draw begins far from the head of the index."""
    days = (NOW + dt.timedelta(days=number) for number in range(1_000))
    return next(day for day in days if 40 <= zlib.crc32(f"{promoter.pk}:{day:%Y-%m-%d}".encode()) % 64 < 60)


def test_a_draw_walks_an_index_and_reads_few_rows_whatever_the_filters(promoter: Promoter) -> None:
    # Nothing in the pool: every one of these has to come from the free ones.
    for filters in COMBINATIONS:
        # What the indexes carry costs a page; the others pass by what doesn't match, within their window.
        bound = 2_000 if filters.carried() else 45_000
        read, context = rows_read_by_a_draw(promoter, filters, bound)
        assert read < bound, (filters, read)
        for sql in selects(context):
            plan = steps(sql)
            walked = [step for step in plan if step.table == "directory_client"]
            assert not any(step.sorts for step in walked if "IN (" not in sql), (filters, plan)
            assert not any(step.reads_a_whole_table for step in plan), (filters, plan)
            assert not any(step.select_type == "MATERIALIZED" for step in plan), (filters, plan)


@pytest.mark.usefixtures("pool")
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


@pytest.mark.usefixtures("pool")
def test_options_and_counts_read_a_bounded_number_of_rows(promoter: Promoter) -> None:
    before = rows_read()
    found = facets.options(promoter, Filters(), "province", now=NOW)
    assert [option.value for option in found] == [f"P{number}" for number in range(10)]
    assert {option.label for option in found} == {"1.000+"}
    # Ten values, a thousand each, with their cool-downs, phones and opt-outs; and one page of the pool.
    assert rows_read() - before < 10 * 1_001 * 13 + 2_000 * 10


@pytest.mark.usefixtures("pool")
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
