"""The list of campaigns: whose rows, what they say, and what they cost."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import CampaignState, EnvioState
from tests.company import Company, signed_in
from tests.factories.campaigns import CampaignFactory, EnvioFactory, SenderSwitchFactory, running_campaign
from tests.factories.whatsapp import WhatsAppSessionFactory

LIST = "/admin/campaigns/campaign/"
# Log-in and its user, four menu badges and the teams they count, the page's count and rows, totals, progress, who answered,
# the plan, and the filters' choices.
QUERIES = 24


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_campaign_and_for_three(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        campaign = running_campaign(owner=company.owner, team=company.team, envios=2)
        EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    client = signed_in(company.supervisor)

    with django_assert_num_queries(QUERIES):
        response = client.get(LIST)

    assert response.content.decode().count("33 % · 1 / 3") == rows


@pytest.mark.parametrize(("who", "sees"), [("supervisor", True), ("administrator", True), ("stranger", False)])
def test_supervisors_see_the_campaigns_of_their_teams(company: Company, who: str, sees: bool) -> None:
    CampaignFactory(owner=company.owner, team=company.team, name="Reactivación")

    page = signed_in(getattr(company, who)).get(LIST).content.decode()

    assert ("Reactivación" in page) is sees


def test_promoters_and_strangers_to_the_house_do_not_come_in(company: Company) -> None:
    assert signed_in(company.owner).get(LIST).status_code == 302
    assert Client().get(LIST).status_code == 302


def test_a_running_campaign_that_sends_nothing_says_why(company: Company) -> None:
    running_campaign(owner=company.owner, team=company.team, envios=1)
    SenderSwitchFactory(on=False)

    page = signed_in(company.supervisor).get(LIST).content.decode()

    assert "Los envíos automáticos están apagados" in page


def test_filters_offer_only_what_the_person_may_see(company: Company) -> None:
    WhatsAppSessionFactory(team=company.team, name="Línea propia")
    WhatsAppSessionFactory(team=company.other_team, name="Línea ajena")
    CampaignFactory(owner=company.owner, team=company.team)

    page = signed_in(company.supervisor).get(LIST).content.decode()

    assert "Línea propia" in page
    assert "Línea ajena" not in page


def test_search_and_filters_narrow_the_list(company: Company) -> None:
    CampaignFactory(team=company.team, name="Día del padre")
    paused = CampaignFactory(team=company.team, name="Cobranza amable", state=CampaignState.PAUSED)
    client = signed_in(company.supervisor)

    def names(query: dict[str, str]) -> list[str]:
        return re.findall(r"<b>(Día del padre|Cobranza amable)</b>", client.get(LIST, query).content.decode())

    assert names({"q": "padre"}) == ["Día del padre"]
    assert names({"state__exact": CampaignState.PAUSED}) == ["Cobranza amable"]
    assert names({"session": str(paused.session_id)}) == ["Cobranza amable"]
    assert sorted(names({"team": str(company.team.pk)})) == ["Cobranza amable", "Día del padre"]


def test_the_menu_counts_what_waits_for_this_person(company: Company) -> None:
    CampaignFactory(team=company.team, state=CampaignState.AWAITING_APPROVAL)
    CampaignFactory(team=company.other_team, state=CampaignState.AWAITING_APPROVAL)
    client = signed_in(company.supervisor)

    assert '<span class="lm-count">1</span>' in client.get(reverse("admin:index")).content.decode()
