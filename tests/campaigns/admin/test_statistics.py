"""Statistics as a page of the desk and of the promoters, and the file behind both."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign
from tests.company import Company, signed_in
from tests.factories.campaigns import CampaignFactory, EnvioFactory

ADMIN = "/admin/campaigns/campaign/stats/"
WEB = "/mis-campanias/estadisticas/"
DAYS = "since=2026-02-06&until=2026-02-08"


@pytest.fixture
def ours(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory(owner=company.owner, team=company.team, name="La nuestra")
    at = dt.datetime(2026, 2, 7, 15, tzinfo=dt.UTC)
    EnvioFactory.create_batch(2, campaign=campaign, state=EnvioState.SENT, sent_at=at, ack=Ack.READ)
    EnvioFactory(campaign=campaign, state=EnvioState.ERROR, ended_at=at)
    return campaign


def test_each_page_draws_the_days_and_leads_to_what_is_behind(company: Company, ours: Campaign) -> None:
    for url, user in ((ADMIN, company.supervisor), (WEB, company.owner)):
        page = signed_in(user).get(f"{url}?{DAYS}").content.decode()
        assert "7 feb · Leídos: 2" in page
        assert "7 feb · Errores: 1" in page
        assert f"?since=2026-02-06&amp;until=2026-02-08&amp;campaign={ours.pk}" in page


def test_a_filter_is_shown_and_can_be_taken_away(company: Company, ours: Campaign) -> None:
    page = signed_in(company.supervisor).get(f"{ADMIN}?{DAYS}&owner={company.owner.pk}").content.decode()

    assert f"Promotor: {company.owner}" in page
    assert '<a class="lm-button lm-button-small" href="?since=2026-02-06&amp;until=2026-02-08">' in page
    assert f'<input type="hidden" name="owner" value="{company.owner.pk}">' in page


@pytest.mark.usefixtures("ours")
def test_nobody_sees_what_is_not_theirs(company: Company) -> None:
    for url, user in ((ADMIN, company.stranger), (WEB, company.colleague)):
        page = signed_in(user).get(f"{url}?{DAYS}").content.decode()
        assert "La nuestra" not in page
        assert "Nada en este período." in page


def test_what_is_refused_is_told_with_its_name_and_counts_nothing(company: Company, ours: Campaign) -> None:
    for query, told in (
        (f"campaign={ours.pk}", "Campaña: No existe, o no está entre lo que puedes ver."),
        ("sesion=1", "sesion: no hay un filtro con este nombre."),
        ("since=2025-01-01&until=2026-01-01", "Hasta: El período es demasiado largo"),
        ("by=planeta", "by: Elige uno de: day, session, owner, campaign."),
    ):
        for url, user in ((ADMIN, company.stranger), (WEB, company.colleague)):
            page = signed_in(user).get(f"{url}?{query}").content.decode()
            assert told in page, (query, url)
            assert "Las tablas" not in page
            # The file leads back to where that is told.
            answer = signed_in(user).get(f"{url}csv/?{query}")
            assert answer["Location"].startswith(f"{url}?"), query


def test_the_file_of_a_page_is_that_of_its_filters(company: Company, ours: Campaign) -> None:
    for url, user in ((ADMIN, company.supervisor), (WEB, company.owner)):
        text = signed_in(user).get(f"{url}csv/?{DAYS}&by=owner").content.decode("utf-8-sig")
        assert f'"{company.owner}";"{company.owner.pk}";"2";"2";"2";"2";"1"' in text
