"""The lists over many messages, as MariaDB plans them: by an index, without sorting what the person may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from tests.company import Company, signed_in
from tests.factories.campaigns import running_campaign
from tests.plans import Step, analyse, captured, numbers, steps

# ANALYZE commits, so the rows are cleared away instead of rolled back.
pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

ROWS = 10_000
FILL = """
INSERT INTO campaigns_envio
    (campaign_id, session_id, phone, name, variables, text, warm, state, next_due, attempts, client_message_id,
     ack, error_code, error_text, lookups, settled_reason, created_at, message_id, sent_at)
SELECT %s, %s, CONCAT('+549', LPAD(seq, 10, '0')), 'Ana', '{}', 'Hola', 0,
       IF(seq %% 3 = 0, 'enviado', 'pendiente'), NOW(6), 0, REPLACE(UUID(), '-', ''),
       IF(seq %% 3 = 0, 2, 0), '', '', 0, '', NOW(6),
       IF(seq %% 3 = 0, CONCAT('m', %s, '-', seq), NULL), IF(seq %% 3 = 0, NOW(6), NULL)
FROM {numbers}
"""


@pytest.fixture
def campaigns(company: Company) -> list[Campaign]:
    """Two campaigns of the team and one of another, each with many messages."""
    teams = (company.team, company.team, company.other_team)
    made = [running_campaign(owner=company.owner, team=team) for team in teams]
    fill = FILL.replace("{numbers}", numbers(1, ROWS))
    with connection.cursor() as cursor:
        for campaign in made:
            cursor.execute(fill, [campaign.pk, campaign.session_id, campaign.pk])
    analyse("campaigns_envio")
    return made


def plans(client: Any, path: str) -> list[list[Step]]:
    """How the database reads campaigns_envio for the rows of this page; the menu's open alerts are put in order apart."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    read = captured(queries, containing="FROM `campaigns_envio`")
    return [steps(sql) for sql in read if "COUNT(" not in sql and "FROM `ops_alert`" not in sql]


def test_the_list_of_messages_sorts_nothing(company: Company, campaigns: list[Campaign]) -> None:
    one = campaigns[0].pk
    for user in (company.supervisor, company.administrator):
        client = signed_in(user)
        for query in ("", "?state__exact=enviado", f"?campaign={one}", f"?ack=2&campaign={one}", "?p=3"):
            [plan] = plans(client, f"/admin/campaigns/envio/{query}")
            assert not any(step.sorts for step in plan), (user.role, query, plan)


def test_the_page_of_a_campaign_sorts_nothing(company: Company, campaigns: list[Campaign]) -> None:
    client = signed_in(company.supervisor)
    for page, state in (("change", "en_progreso"), ("cancel", "en_progreso"), ("approve", "por_aprobar")):
        Campaign.objects.filter(pk=campaigns[0].pk).update(state=state)
        found = plans(client, f"/admin/campaigns/campaign/{campaigns[0].pk}/{page}/")
        assert found
        assert not any(step.sorts for plan in found for step in plan), (page, found)
