"""Lists of many conversations, as MariaDB plans them: by an index, whoever asks, without reading the table."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.queries.conversations import Asked, View, page, waiting_count
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.plans import analyse, captured, numbers, steps

# ANALYZE commits, so the rows are cleared away instead of rolled back.
pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

LINES, EACH = 10, 1_000
FILL = """
INSERT INTO campaigns_conversation
    (session_id, phone, state, unread, waiting_since, due_at, last_at, version)
SELECT %s, CONCAT('+549', LPAD(%s * 100000 + seq, 10, '0')),
       IF(seq %% 10 = 0, 'por_atender', 'atendida'), 0,
       IF(seq %% 10 = 0, NOW(6) - INTERVAL seq SECOND, NULL), IF(seq %% 10 = 0, NOW(6) - INTERVAL seq SECOND, NULL),
       NOW(6) - INTERVAL seq SECOND, 1
FROM {numbers}
"""


@pytest.fixture
def people(db: None) -> list[User]:
    """Of a team with one line of many: a promoter, its supervisor; and an administrator."""
    promoter = PromoterFactory()
    boss = UserFactory.create(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(boss)
    lines = [WhatsAppSessionFactory.create(team=promoter.desk.team, owner=promoter.user)]
    lines += WhatsAppSessionFactory.create_batch(LINES - 1)
    with connection.cursor() as cursor:
        for line in lines:
            cursor.execute(FILL.replace("{numbers}", numbers(1, EACH)), [line.pk, line.pk])
    analyse("campaigns_conversation")
    return [promoter.user, boss, UserFactory.create(role=Role.ADMINISTRATOR)]


def test_no_list_reads_the_whole_table(people: list[User]) -> None:
    # What is due stays so while the test runs.
    now = timezone.now() + dt.timedelta(minutes=1)
    for user, view in itertools.product(people, View):
        with CaptureQueriesContext(connection) as queries:
            found = page(user, Asked(view=view), now=now)
            waiting_count(user, now=now)
        assert bool(found.rows) == (view != View.SNOOZED)
        asked = captured(queries, containing="FROM `campaigns_conversation`")
        assert len(asked) >= 2
        for sql in asked:
            [step] = [step for step in steps(sql) if step.table == "campaigns_conversation"]
            assert not step.reads_a_whole_table, (user.role, view, sql, step)
            assert step.key, (user.role, view, sql, step)
