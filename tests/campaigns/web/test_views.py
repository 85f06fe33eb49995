"""The promoters' campaigns on a phone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign
from tests import company as companies
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory, EnvioFactory, running_campaign

LIST = "/mis-campanias/"
LIVE = "/mis-campanias/vivo/"


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def campaign(company: Company) -> Campaign:
    return running_campaign(owner=company.owner, team=company.team, name="Reactivación", envios=1)


def url(verb: str, campaign: Campaign) -> str:
    return reverse(f"my-campaign-{verb}", args=[campaign.pk])


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        running_campaign(owner=company.owner, team=company.team, envios=2)
    client = signed_in(company.owner)

    with django_assert_num_queries(14):
        page = client.get(LIST).content.decode()

    assert page.count("0 de 2 mensajes") == rows


@pytest.mark.parametrize(("who", "sees"), [("owner", True), ("colleague", False), ("stranger", False)])
def test_each_promoter_sees_their_own(company: Company, campaign: Campaign, who: str, sees: bool) -> None:
    client = signed_in(getattr(company, who))

    assert ("Reactivación" in client.get(LIST).content.decode()) is sees
    assert ("Reactivación" in client.get(LIVE).content.decode()) is sees


def test_nobody_sees_the_door(campaign: Campaign) -> None:
    assert Client().get(LIST).headers["Location"].startswith("/login/")
    assert Client().post(url("pause", campaign)).headers["Location"].startswith("/login/")


def test_a_promoter_pauses_and_resumes(company: Company, campaign: Campaign) -> None:
    client = signed_in(company.owner)

    paused = client.post(url("pause", campaign))
    assert told(paused)[0].startswith("“Reactivación” quedó en pausa")
    assert Campaign.objects.get().state == CampaignState.PAUSED

    client.post(url("resume", campaign))
    assert Campaign.objects.get().state == CampaignState.RUNNING
    assert list(campaign.events.values_list("by", flat=True)) == [company.owner.pk, company.owner.pk]


def test_get_pauses_nothing(company: Company, campaign: Campaign) -> None:
    assert signed_in(company.owner).get(url("pause", campaign)).status_code == 405
    assert Campaign.objects.get().state == CampaignState.RUNNING


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_the_campaign_of_another_is_not_found(company: Company, campaign: Campaign, who: str) -> None:
    assert signed_in(getattr(company, who)).post(url("pause", campaign)).status_code == 404
    assert Campaign.objects.get().state == CampaignState.RUNNING


def test_what_can_not_be_done_now_is_told(company: Company, campaign: Campaign) -> None:
    response = signed_in(company.owner).post(url("resume", campaign))

    assert "está en progreso" in told(response)[0]


def test_progress_moves_by_itself_until_everything_ended(company: Company, campaign: Campaign) -> None:
    EnvioFactory(campaign=campaign, state=EnvioState.SENT, ack=3)
    client = signed_in(company.owner)

    alive = client.get(LIVE).content.decode()
    Campaign.objects.update(state=CampaignState.CANCELLED)
    ended = client.get(LIVE).content.decode()

    assert "1 de 2 mensajes" in alive
    assert 'hx-trigger="every 10s, wake"' in alive
    assert "<html" not in alive
    assert "hx-trigger" not in ended


def test_without_campaigns_it_says_what_comes(company: Company) -> None:
    assert "Todavía no tienes campañas" in signed_in(company.owner).get(LIST).content.decode()


def test_one_without_recipients_says_so(company: Company) -> None:
    CampaignFactory(owner=company.owner, team=company.team)

    assert "Todavía no tiene destinatarios" in signed_in(company.owner).get(LIST).content.decode()
