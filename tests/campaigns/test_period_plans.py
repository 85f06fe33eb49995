"""How the questions about a period reach their rows on a server: by the index on the time, and where they only count, by
it alone."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.diagnosis import figures, marks
from campaigns.diagnosis.scope import Scope
from campaigns.models import Campaign
from campaigns.statistics.sends import Wanted, sends
from leadmaster.accounts.roles import Role
from leadmaster.lib.periods import of_days
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory
from tests.plans import Step, analyse, captured, numbers, steps

# ANALYZE commits, so the rows are cleared away instead of rolled back.
pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

UTC = zoneinfo.ZoneInfo("UTC")
NOW = dt.datetime(2026, 3, 4, 15, tzinfo=dt.UTC)
# Of each of three campaigns.
ROWS = 9_000
# A day holds a few hundred. The server's estimate also counts what earlier tests deleted and nobody cleared away yet.
BOUND = ROWS // 2
# From the first of January on, one in ten minutes: a fourth went out, was refused, waits, is the former system's word.
FILL = """
INSERT INTO campaigns_envio
    (campaign_id, session_id, phone, name, variables, text, warm, state, next_due, attempts, client_message_id,
     ack, error_code, error_text, lookups, settled_reason, created_at, message_id, sent_at, ended_at)
SELECT %s, %s, CONCAT('+549', LPAD(seq, 10, '0')), 'Ana', '{}', 'Hola', 0,
       ELT(1 + seq %% 4, 'enviado', 'error', 'pendiente', 'historico'), NOW(6), 0, REPLACE(UUID(), '-', ''),
       IF(seq %% 4 = 0, 2, 0), '', '', 0, '', NOW(6),
       IF(seq %% 4 = 0, CONCAT('m', %s, '-', seq), NULL),
       IF(seq %% 4 = 0, '2026-01-01' + INTERVAL seq * 10 MINUTE, NULL),
       IF(seq %% 4 IN (1, 3), '2026-01-01' + INTERVAL seq * 10 MINUTE, NULL)
FROM {numbers}
"""


@pytest.fixture
def campaigns() -> list[Campaign]:
    made: list[Campaign] = list(CampaignFactory.create_batch(3))
    fill = FILL.replace("{numbers}", numbers(1, ROWS))
    with connection.cursor() as cursor:
        for campaign in made:
            cursor.execute(fill, [campaign.pk, campaign.session_id, campaign.pk])
    analyse("campaigns_envio")
    return made


def scope() -> Scope:
    return Scope(period=of_days(dt.date(2026, 2, 7), dt.date(2026, 2, 7), zone=UTC, most=31))


def plans(ask: Callable[[], Any]) -> list[Step]:
    """How each question read the messages."""
    with CaptureQueriesContext(connection) as queries:
        ask()
    found = [steps(sql.replace("%", "%%"), ()) for sql in captured(queries, containing="`campaigns_envio`")]
    return [step for plan in found for step in plan if step.table == "campaigns_envio"]


BY_TIME = {"envio_sent", "envio_ended"}


@pytest.mark.usefixtures("campaigns")
def test_counting_reads_the_index_on_the_time_alone() -> None:
    asked: list[Callable[[], Any]] = [
        lambda: marks.per_minute(scope()),
        lambda: marks.per_second_of_the_minute(scope()),
        lambda: marks.same_second(scope()),
    ]
    for ask in asked:
        found = plans(ask)
        assert {step.key for step in found} == BY_TIME
        assert all(step.access == "range" and step.reads_the_index_alone for step in found), found


def test_what_looks_at_rows_looks_at_those_of_the_period(campaigns: list[Campaign]) -> None:
    for step in plans(lambda: marks.without_proof(scope())):
        assert (step.key in BY_TIME, step.access) == (True, "range"), step
        assert step.rows < BOUND
    one = scope().of(campaigns[0].pk)
    for step in plans(lambda: marks._marks_of(one)):
        assert step.rows < BOUND, step
        assert not step.sorts, step


@pytest.mark.usefixtures("campaigns")
def test_what_hangs_or_has_no_time_is_found_without_reading_what_waits() -> None:
    for step in plans(lambda: figures.broken(scope(), now=NOW)):
        assert not step.reads_a_whole_table, step
        assert step.rows < 10, step


def test_statistics_count_from_the_index_on_the_time_alone(campaigns: list[Campaign]) -> None:
    period = of_days(dt.date(2026, 2, 1), dt.date(2026, 2, 7), zone=UTC, most=92)
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    for wanted in (Wanted(), Wanted(session=campaigns[0].session_id)):
        found = plans(functools.partial(sends, administrator, period, wanted))
        # Nothing was marked by hand: that state's own index says so at once.
        counted = [step for step in found if step.rows > 1]
        assert {step.key for step in counted} == BY_TIME
        assert all(step.access == "range" and step.reads_the_index_alone for step in counted), counted


def test_those_of_one_campaign_are_read_by_the_time_or_from_the_campaign_alone(campaigns: list[Campaign]) -> None:
    period = of_days(dt.date(2026, 2, 1), dt.date(2026, 2, 7), zone=UTC, most=92)
    found = plans(lambda: sends(campaigns[0].owner, period, Wanted()))
    assert found
    for step in found:
        assert not step.reads_a_whole_table, step
        assert step.rows < 2 * ROWS, step
