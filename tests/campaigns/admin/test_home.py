"""The home of the desk."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.admin.home import draw
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState
from leadmaster.lib.clock import business_day
from tests.company import Company, signed_in
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioFactory,
    SenderSwitchFactory,
    SessionDayFactory,
    running_campaign,
)
from tests.factories.ops import HeartbeatFactory

HOME = "/admin/"


def home(company: Company, who: str = "supervisor") -> str:
    return signed_in(getattr(company, who)).get(HOME).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_it_costs_the_same_for_one_campaign_and_for_three(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        running_campaign(owner=company.owner, team=company.team, envios=1)
        CampaignFactory(team=company.team, state=CampaignState.AWAITING_APPROVAL)
    client = signed_in(company.supervisor)

    with django_assert_num_queries(36):
        client.get(HOME)


def test_campaigns_that_wait_are_shown_to_their_own_supervisor(company: Company) -> None:
    waiting = CampaignFactory(team=company.team, state=CampaignState.AWAITING_APPROVAL, name="Cobranza amable")
    approve = reverse("admin:campaigns_campaign_approve", args=[waiting.pk])

    assert approve in home(company)
    assert "Cobranza amable" not in home(company, "stranger")


def test_an_empty_desk_says_what_to_do(company: Company) -> None:
    page = home(company)

    assert "Nada espera" in page
    assert "Ninguna campaña está en curso" in page
    assert "Todavía no hay sesiones" in page
    assert "Hoy todavía no salió ningún mensaje" in page


@pytest.mark.parametrize(
    ("age", "word"), [(None, "Nunca latió"), (30, "Al día"), (600, "Con demora")], ids=["never", "fresh", "late"]
)
def test_the_heartbeat_is_judged_by_its_age(company: Company, age: int | None, word: str) -> None:
    if age is not None:
        HeartbeatFactory(name="tick", at=timezone.now() - dt.timedelta(seconds=age))

    assert word in home(company)


def test_the_switch_is_shown_with_who_turned_it(company: Company) -> None:
    assert "Encendidos" in home(company)

    SenderSwitchFactory(on=False, by=company.supervisor)

    assert "Apagados" in home(company)


def test_todays_tries_are_drawn_for_this_persons_campaigns(company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    day = SessionDayFactory(session=campaign.session, day=business_day(timezone.now(), campaign.session.tz))
    for outcome in (AttemptOutcome.SENT, AttemptOutcome.SENT, AttemptOutcome.REFUSED):
        AttemptFactory(envio=EnvioFactory(campaign=campaign), outcome=outcome, session_day=day)

    mine, other = home(company), home(company, "stranger")

    assert "Enviado: 2</title>" in mine
    assert "Rechazado: 1</title>" in mine
    assert "lm-chart" not in other


def test_sessions_show_what_they_used_of_today(company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    session = campaign.session
    SessionDayFactory(session=session, day=business_day(timezone.now(), session.tz), used=90)

    assert "90 / 180" in home(company)


def test_the_funnel_sums_the_campaigns_under_way(company: Company) -> None:
    for _ in range(2):
        campaign = running_campaign(owner=company.owner, team=company.team)
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, ack=2)

    page = signed_in(company.supervisor).get(HOME)

    assert [step.count for step in page.context["funnel"]] == [2, 2, 2, 0]


def test_columns_stack_and_reach_the_top_at_the_fullest_hour() -> None:
    chart = draw({9: {"enviado": 3, "rechazado": 1}, 22: {"enviado": 2}})

    assert chart.top == 4
    nine = [bar for bar in chart.bars if bar.title.startswith("9:00")]
    assert sum(bar.height for bar in nine) == pytest.approx(chart.height)
    assert min(bar.y for bar in nine) == pytest.approx(0)
    assert [share.count for share in chart.totals] == [5, 1]


def test_promoters_go_to_their_own_pages_and_others_to_the_door(company: Company) -> None:
    assert signed_in(company.owner).get("/", follow=True).redirect_chain[-1][0] == "/mis-campanias/"
    assert signed_in(company.supervisor).get("/", follow=True).redirect_chain[-1][0] == "/admin/"
    assert Client().get(HOME, follow=True).redirect_chain[-1][0] == "/login/?next=%2Fadmin%2F"


def test_a_promoter_who_asks_for_the_desk_is_told_that_it_is_not_theirs(company: Company) -> None:
    response = signed_in(company.owner).get(HOME, follow=True)

    assert response.status_code == 403
    assert "no es para tu rol" in response.content.decode()


def test_scripts_on_the_desk_come_from_our_own_files_only(company: Company) -> None:
    policy = signed_in(company.supervisor).get(HOME).headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))

    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" in scripts
    promoters = signed_in(company.owner).get("/mis-campanias/").headers["Content-Security-Policy"]
    assert "unsafe" not in promoters
