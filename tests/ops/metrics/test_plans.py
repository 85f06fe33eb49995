"""How the figures reach their rows on MariaDB, where tables are big."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.models import Count

from campaigns import metrics as sender
from campaigns.enums import EnvioState
from campaigns.models import Envio
from opportunities import metrics as desk
from opportunities.models import DailyQuota, Opportunity
from tests.factories.campaigns import EnvioFactory, SessionDayFactory
from tests.factories.opportunities import ClientFactory, PromoterFactory, StageFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.plans import analyse, new_uuid, numbers, steps_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


def test_doubts_are_found_by_their_index_among_many_messages() -> None:
    envio = EnvioFactory(state=EnvioState.CANCELLED)
    columns = ("campaign_id", "session_id", "name", "variables", "text", "warm", "next_due", "attempts", "ack", "error_code",
               "error_text", "lookups", "settled_reason", "created_at", "state")  # fmt: skip
    named = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO campaigns_envio (phone, client_message_id, {named}) "
            f"SELECT CONCAT('+5255', 10000000 + seq), {new_uuid()}, {named} FROM campaigns_envio, {numbers(1, 5_000)}"
        )
    EnvioFactory.create_batch(3, campaign=envio.campaign, state=EnvioState.UNCERTAIN)
    analyse("campaigns_envio")

    (step,) = steps_of(Envio.objects.uncertain().order_by("lookup_due", "id")[: sender.MOST_DOUBTS])

    assert (step.key, step.sorts) == ("envio_lookup", False)
    assert step.rows < 50


def test_overdue_timers_are_found_by_the_index_of_the_cron() -> None:
    promoter, stage = PromoterFactory(), StageFactory(timer_minutes=60)
    rows = [
        Opportunity(
            client=client, open_client=client, team=promoter.desk.team, owner=promoter, stage=stage, stage_since=NOW,
            state_since=NOW, created_at=NOW, deadline=NOW + dt.timedelta(minutes=number - 3),
        )
        for number, client in enumerate(ClientFactory.create_batch(300))
    ]  # fmt: skip
    Opportunity.objects.bulk_create(rows)
    analyse("opportunities_opportunity")

    (step,) = steps_of(Opportunity.objects.overdue(NOW).order_by("deadline", "id")[: desk.MOST_OVERDUE])

    assert (step.key, step.sorts) == ("opp_expiring", False)
    assert step.rows < 50


def test_todays_use_is_reached_from_lines_and_promoters_and_not_through_all_days() -> None:
    days = [NOW.date() - dt.timedelta(days=number) for number in range(60)]
    for line in WhatsAppSessionFactory.create_batch(10):
        type(SessionDayFactory.build(session=line)).objects.bulk_create(
            SessionDayFactory.build(session=line, day=day) for day in days
        )
    for promoter in PromoterFactory.create_batch(10):
        DailyQuota.objects.bulk_create(DailyQuota(promoter=promoter, day=day, limit=5) for day in days)
    analyse("campaigns_sessionday", "opportunities_dailyquota", "whatsapp_whatsappsession", "opportunities_promoter")

    plans = [steps_of(sender.usage_by_zone(NOW)), steps_of(desk.usage_by_zone(NOW))]

    used = {step.table: step for plan in plans for step in plan}
    for table, key in (("campaigns_sessionday", "session_day_once"), ("opportunities_dailyquota", "quota_day_once")):
        assert used[table].key == key
        assert not used[table].reads_a_whole_table
        assert used[table].rows < 100
    # And this judge sees one that does.
    assert steps_of(DailyQuota.objects.values("limit").annotate(Count("id")))[0].reads_a_whole_table
