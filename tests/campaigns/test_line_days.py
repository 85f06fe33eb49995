"""The day of each line: what it used, what failed, how long its gateway takes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns.enums import AttemptOutcome
from campaigns.line_days import line_days
from campaigns.models import Campaign
from tests import company as companies
from tests.company import Company, signed_in
from tests.factories.campaigns import AttemptFactory, EnvioFactory, SessionDayFactory, running_campaign


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


def sent(campaign: Campaign, *outcomes: AttemptOutcome, now: dt.datetime, took: int | None = 2_000) -> None:
    line = campaign.session
    day = SessionDayFactory(session=line, day=line.day_at(now), used=len(outcomes))
    for outcome in outcomes:
        AttemptFactory(
            envio=EnvioFactory(campaign=campaign), outcome=outcome, session_day=day, claimed_at=now, duration_ms=took
        )


def test_use_errors_and_latency_equal_a_recount(company: Company) -> None:
    now = timezone.now()
    campaign = running_campaign(owner=company.owner, team=company.team)
    sent(campaign, AttemptOutcome.SENT, AttemptOutcome.SENT, AttemptOutcome.REFUSED, AttemptOutcome.UNKNOWN, now=now)

    [day] = line_days(company.supervisor, now)

    assert (day.line, day.used, day.limit, day.tries, day.failed, day.failed_percent) == (
        campaign.session, 4, 180, 4, 2, 50
    )  # fmt: skip
    assert day.seconds == pytest.approx(2.0)
    at = timezone.localtime(now).hour
    assert [column.total for column in day.hours] == [4 if hour == at else 0 for hour in range(24)]
    assert line_days(company.stranger, now) == []


def test_yesterday_is_not_today_and_nothing_measured_is_no_zero(company: Company) -> None:
    now = timezone.now()
    campaign = running_campaign(owner=company.owner, team=company.team)
    sent(campaign, AttemptOutcome.SENT, now=now - dt.timedelta(days=2))

    [day] = line_days(company.supervisor, now)

    assert (day.used, day.tries, day.seconds, day.failed_percent) == (0, 0, None, 0)


def test_the_list_of_lines_shows_it(company: Company) -> None:
    now = timezone.now()
    campaign = running_campaign(owner=company.owner, team=company.team)
    sent(campaign, AttemptOutcome.SENT, AttemptOutcome.REFUSED, now=now)

    page = signed_in(company.supervisor).get("/admin/whatsapp/whatsappsession/").content.decode()

    assert "El día de cada línea" in page
    assert "1 · 50 %" in page
    assert "2,0 s" in page
    assert "lm-columns-chart" in page


@pytest.mark.parametrize("lines", [1, 4])
def test_it_costs_the_same_for_one_line_and_for_four(
    company: Company, lines: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for _ in range(lines):
        sent(running_campaign(owner=company.owner, team=company.team), AttemptOutcome.SENT, now=now)

    with django_assert_num_queries(4):
        line_days(company.supervisor, now)
