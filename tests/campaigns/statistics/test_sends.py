"""Sends by day, line, promoter and campaign: the days of a zone, whose they are, and always equal to a recount."""

from __future__ import annotations

import datetime as dt
import random
import zoneinfo

import pytest
from django.db import connection

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, Envio
from campaigns.statistics.sends import By, Figures, Sends, Wanted, sends
from leadmaster.accounts.models import User
from leadmaster.lib.periods import of_days
from tests import company as companies
from tests.company import Company
from tests.factories.campaigns import CampaignFactory, EnvioFactory

pytestmark = pytest.mark.django_db

MADRID = zoneinfo.ZoneInfo("Europe/Madrid")
# The clocks change on the 29th, and so does the distance from UTC.
FIRST, LAST = dt.date(2026, 3, 27), dt.date(2026, 3, 31)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def company() -> Company:
    return companies.build()


def count(user: User, first: dt.date = FIRST, last: dt.date = LAST, **wanted: int) -> Sends:
    return sends(user, of_days(first, last, zone=MADRID, most=92), Wanted(**wanted))


def sent(campaign: Campaign, at: dt.datetime, ack: Ack = Ack.NONE) -> Envio:
    envio: Envio = EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=at, ack=ack)
    return envio


def by_day(found: Sends) -> dict[str, int]:
    return {row.name[-2:]: row.figures.sent for row in found.rows[By.DAY]}


def test_a_day_begins_and_ends_by_the_clock_of_the_zone_also_when_clocks_change(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    instant = dt.timedelta(microseconds=1)
    # In winter midnight is 23:00 UTC, in summer 22:00.
    for midnight in (dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 22, tzinfo=dt.UTC)):
        sent(campaign, midnight - instant)
        sent(campaign, midnight)
    sent(campaign, dt.datetime(2026, 3, 30, 21, 59, tzinfo=dt.UTC))
    sent(campaign, dt.datetime(2026, 3, 30, 22, 0, tzinfo=dt.UTC))
    # Before the first day and after the last.
    sent(campaign, dt.datetime(2026, 3, 26, 22, 59, tzinfo=dt.UTC))
    sent(campaign, dt.datetime(2026, 3, 31, 22, 0, tzinfo=dt.UTC))

    found = count(company.administrator)

    assert by_day(found) == {"27": 0, "28": 1, "29": 2, "30": 2, "31": 1}
    assert found.total == Figures(sent=6)


def test_the_figures_of_each_group_are_the_furthest_that_each_message_got(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    at = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
    for ack in (Ack.NONE, Ack.SERVER, Ack.DELIVERED, Ack.DELIVERED, Ack.READ):
        sent(campaign, at, ack)
    EnvioFactory(campaign=campaign, state=EnvioState.ERROR, ended_at=at)
    EnvioFactory(campaign=campaign, state=EnvioState.SENT_BY_HAND, ended_at=at)
    EnvioFactory(campaign=campaign, state=EnvioState.HISTORICAL, ended_at=at)
    # None of these went out.
    EnvioFactory(campaign=campaign, state=EnvioState.CANCELLED, ended_at=at)
    EnvioFactory(campaign=campaign)
    # Accepted on this day, and refused on the next: an error of the next.
    EnvioFactory(campaign=campaign, state=EnvioState.ERROR, sent_at=at, ended_at=at + 24 * HOUR)

    found = count(company.owner, dt.date(2026, 3, 28), dt.date(2026, 3, 28))

    assert found.total == Figures(sent=5, server=4, delivered=3, read=1, errors=1, by_hand=1, historical=1)
    assert found.total.error_rate == pytest.approx(1 / 6)
    for by in (By.SESSION, By.OWNER, By.CAMPAIGN):
        [row] = found.rows[by]
        assert row.figures == found.total
    assert [row.name for row in found.rows[By.CAMPAIGN]] == [campaign.name]


def test_each_sees_the_campaigns_that_are_theirs(company: Company) -> None:
    at = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
    own = CampaignFactory(owner=company.owner, team=company.team)
    colleagues = CampaignFactory(owner=company.colleague, team=company.team, session=own.session)
    theirs = CampaignFactory(team=company.other_team)
    for campaign, number in ((own, 1), (colleagues, 2), (theirs, 4)):
        for _number in range(number):
            sent(campaign, at)

    totals = {
        name: count(getattr(company, name)).total.sent
        for name in ("owner", "colleague", "supervisor", "stranger", "administrator")
    }

    assert totals == {"owner": 1, "colleague": 2, "supervisor": 3, "stranger": 4, "administrator": 7}
    assert [row.id for row in count(company.supervisor).rows[By.OWNER]] == [company.colleague.pk, company.owner.pk]
    assert [row.figures.sent for row in count(company.administrator).rows[By.SESSION]] == [4, 3]


def test_filters_narrow_and_never_widen(company: Company) -> None:
    at = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
    own, theirs = CampaignFactory(owner=company.owner, team=company.team), CampaignFactory(team=company.other_team)
    sent(own, at)
    sent(theirs, at)
    # The campaign moved to another line since.
    moved = sent(own, at)
    Envio.objects.filter(pk=moved.pk).update(session=theirs.session)

    assert count(company.administrator, campaign=own.pk).total.sent == 2
    assert count(company.administrator, session=own.session_id).total.sent == 1
    assert count(company.administrator, session=theirs.session_id).total.sent == 2
    assert count(company.administrator, owner=company.owner.pk).total.sent == 2
    assert count(company.administrator, team=company.other_team.pk).total.sent == 1
    assert count(company.administrator, team=company.other_team.pk, owner=company.owner.pk).total.sent == 0
    assert count(company.supervisor, session=theirs.session_id).total.sent == 1
    assert count(company.supervisor, campaign=theirs.pk).total.sent == 0


def test_every_number_is_that_of_a_recount_by_sql(company: Company) -> None:
    chance = random.Random(11)
    campaigns = [
        CampaignFactory(owner=company.owner, team=company.team),
        CampaignFactory(owner=company.colleague, team=company.team),
        CampaignFactory(team=company.other_team),
    ]
    begins = dt.datetime(2026, 3, 26, 12, tzinfo=dt.UTC)
    rows = []
    for number in range(400):
        campaign = chance.choice(campaigns)
        at = begins + dt.timedelta(seconds=chance.randrange(7 * 86_400))
        is_sent = chance.random() < 0.8
        rows.append(
            Envio(
                campaign=campaign,
                session=chance.choice(campaigns).session,
                phone=f"+549351{number:07d}",
                text="Hola",
                state=EnvioState.SENT if is_sent else EnvioState.ERROR,
                message_id=f"m{number}" if is_sent else None,
                sent_at=at if is_sent else None,
                ended_at=None if is_sent else at,
                ack=chance.choice(list(Ack)) if is_sent else Ack.NONE,
            )
        )
    Envio.objects.bulk_create(rows)

    found = count(company.supervisor)

    for row in found.rows[By.DAY]:
        day = dt.date.fromisoformat(row.name)
        since, until = (dt.datetime.combine(day + n * 24 * HOUR, dt.time(), MADRID) for n in (0, 1))
        for column, state, ack, number in (
            ("sent_at", "enviado", 0, row.figures.sent),
            ("sent_at", "enviado", 2, row.figures.delivered),
            ("sent_at", "enviado", 3, row.figures.read),
            ("ended_at", "error", 0, row.figures.errors),
        ):
            assert recount(company, column, state, ack, since, until) == number, (day, state, ack)
    for by in (By.SESSION, By.OWNER, By.CAMPAIGN):
        assert sum(row.figures.sent for row in found.rows[by]) == found.total.sent
    assert found.total.sent > 100


def recount(company: Company, column: str, state: str, ack: int, since: dt.datetime, until: dt.datetime) -> int:
    sql = f"""
        SELECT COUNT(*) FROM campaigns_envio e JOIN campaigns_campaign c ON c.id = e.campaign_id
        WHERE c.team_id = %s AND e.state = %s AND e.ack >= %s AND e.{column} >= %s AND e.{column} < %s
    """
    moments = [connection.ops.adapt_datetimefield_value(one.astimezone(dt.UTC)) for one in (since, until)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [company.team.pk, state, ack, *moments])
        return int(cursor.fetchone()[0])


def test_one_more_campaign_costs_no_query_more(company: Company, django_assert_num_queries: object) -> None:
    at = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
    for _number in range(3):
        sent(CampaignFactory(owner=company.owner, team=company.team), at)

    # Whose campaigns; since when anything was sent and which days are summed, two each; four states in the three pieces
    # of the period; names of campaigns, people and lines.
    with django_assert_num_queries(1 + 4 + 4 * 3 + 3):  # type: ignore[operator]
        count(company.supervisor)
    # One distance from UTC: one piece.
    with django_assert_num_queries(1 + 4 + 4 + 3):  # type: ignore[operator]
        count(company.supervisor, dt.date(2026, 3, 27), dt.date(2026, 3, 28))
