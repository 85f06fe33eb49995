"""The diagnosis as a page: whose campaigns it looks at, what it draws and says, and what it refuses."""

from __future__ import annotations

import pytest

from campaigns.models import Campaign
from tests.campaigns.diagnosis.incident import phantoms, sent_for_real
from tests.company import Company, let_into_the_admin, signed_in
from tests.factories.campaigns import CampaignFactory

PAGE = "/admin/campaigns/campaign/diagnose/"
DAY = "since=2026-02-07&until=2026-02-07"


@pytest.fixture
def ours(company: Company) -> Campaign:
    campaign = CampaignFactory(owner=company.owner, team=company.team, name="La nuestra")
    phantoms(campaign, 40)
    return campaign


@pytest.fixture
def theirs(company: Company) -> Campaign:
    campaign = CampaignFactory(team=company.other_team, name="La de ellos")
    sent_for_real(campaign, 5)
    return campaign


def test_the_incident_is_told_and_drawn(company: Company, ours: Campaign, theirs: Campaign) -> None:
    page = signed_in(company.administrator).get(f"{PAGE}?{DAY}").content.decode()

    assert "40 envíos sin prueba, uno por minuto" in page
    assert "La de ellos" in page
    # The pictures: an hour of the day, and the one second.
    assert "7 feb 08 h · Sin prueba: 40" in page
    assert ":49 · Envíos: " in page


@pytest.mark.usefixtures("ours", "theirs")
def test_a_supervisor_sees_the_own_teams_rows_alone(company: Company) -> None:
    page = signed_in(company.stranger).get(f"{PAGE}?{DAY}").content.decode()

    assert "La de ellos" in page
    assert "La nuestra" not in page
    assert "uno por minuto" not in page
    assert "Nada: lo que dice que salió tiene su prueba" in page


def test_another_teams_campaign_does_not_exist(company: Company, ours: Campaign) -> None:
    assert signed_in(company.supervisor).get(f"{PAGE}?campaign={ours.pk}&{DAY}").status_code == 200
    for unseen in (ours.pk, 4711, "x", "-1"):
        assert signed_in(company.stranger).get(f"{PAGE}?campaign={unseen}&{DAY}").status_code == 404


def test_a_promoter_is_refused_even_with_a_key_to_the_admin(company: Company) -> None:
    let_into_the_admin(company.owner)
    assert signed_in(company.owner).get(PAGE).status_code == 403


def test_a_period_that_is_none_is_refused_with_a_sentence(company: Company) -> None:
    client = signed_in(company.supervisor)
    for query, told in (
        ("since=ayer", "no es una fecha"),
        ("since=2025-01-01&until=2026-01-01", "hasta 31 días"),
        ("since=2026-02-08&until=2026-02-07", "termina antes de empezar"),
    ):
        page = client.get(f"{PAGE}?{query}").content.decode()
        assert told in page
        assert "Lo que está mal" not in page


def test_it_changes_nothing_and_takes_no_post(company: Company) -> None:
    assert signed_in(company.administrator).post(PAGE).status_code == 405
