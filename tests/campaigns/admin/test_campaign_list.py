"""The list of campaigns: whose rows, what they say, and what they cost."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import CampaignState, EnvioState
from tests.desk import Desk, signed_in
from tests.factories.campaigns import CampaignFactory, EnvioFactory, SenderSwitchFactory, running_campaign
from tests.factories.whatsapp import WhatsAppSessionFactory

LIST = "/admin/campaigns/campaign/"
# Log-in and its user, four menu badges and the teams they count, the page's count and rows, totals, progress, the plan,
# and the filters' choices.
QUERIES = 21


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_campaign_and_for_three(
    desk: Desk, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        campaign = running_campaign(owner=desk.owner, team=desk.team, envios=2)
        EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    client = signed_in(desk.supervisor)

    with django_assert_num_queries(QUERIES):
        response = client.get(LIST)

    assert response.content.decode().count("33 % · 1 / 3") == rows


@pytest.mark.parametrize(("who", "sees"), [("supervisor", True), ("administrator", True), ("stranger", False)])
def test_supervisors_see_the_campaigns_of_their_teams(desk: Desk, who: str, sees: bool) -> None:
    CampaignFactory(owner=desk.owner, team=desk.team, name="Reactivación")

    page = signed_in(getattr(desk, who)).get(LIST).content.decode()

    assert ("Reactivación" in page) is sees


def test_promoters_and_strangers_to_the_house_do_not_come_in(desk: Desk) -> None:
    assert signed_in(desk.owner).get(LIST).status_code == 302
    assert Client().get(LIST).status_code == 302


def test_a_running_campaign_that_sends_nothing_says_why(desk: Desk) -> None:
    running_campaign(owner=desk.owner, team=desk.team, envios=1)
    SenderSwitchFactory(on=False)

    page = signed_in(desk.supervisor).get(LIST).content.decode()

    assert "Los envíos automáticos están apagados" in page


def test_filters_offer_only_what_the_person_may_see(desk: Desk) -> None:
    WhatsAppSessionFactory(team=desk.team, name="Línea propia")
    WhatsAppSessionFactory(team=desk.other_team, name="Línea ajena")
    CampaignFactory(owner=desk.owner, team=desk.team)

    page = signed_in(desk.supervisor).get(LIST).content.decode()

    assert "Línea propia" in page
    assert "Línea ajena" not in page


def test_search_and_filters_narrow_the_list(desk: Desk) -> None:
    CampaignFactory(team=desk.team, name="Día del padre")
    paused = CampaignFactory(team=desk.team, name="Cobranza amable", state=CampaignState.PAUSED)
    client = signed_in(desk.supervisor)

    def names(query: dict[str, str]) -> list[str]:
        return re.findall(r"<b>(Día del padre|Cobranza amable)</b>", client.get(LIST, query).content.decode())

    assert names({"q": "padre"}) == ["Día del padre"]
    assert names({"state__exact": CampaignState.PAUSED}) == ["Cobranza amable"]
    assert names({"session": str(paused.session_id)}) == ["Cobranza amable"]
    assert sorted(names({"team": str(desk.team.pk)})) == ["Cobranza amable", "Día del padre"]


def test_the_menu_counts_what_waits_for_this_person(desk: Desk) -> None:
    CampaignFactory(team=desk.team, state=CampaignState.AWAITING_APPROVAL)
    CampaignFactory(team=desk.other_team, state=CampaignState.AWAITING_APPROVAL)
    client = signed_in(desk.supervisor)

    assert '<span class="lm-count">1</span>' in client.get(reverse("admin:index")).content.decode()
