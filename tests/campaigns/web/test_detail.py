"""One campaign on its promoter's phone: what it says and the next step."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import Campaign, RecipientImport
from tests import company as companies
from tests.company import Company, signed_in, told
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
    running_campaign,
)


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def draft(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory.create(owner=company.owner, team=company.team, name="Seguimiento")
    EnvioFactory.create(campaign=campaign, name="Ana", text="Hola Ana, ¿cómo estás?")
    ScheduleFactory.create(campaign=campaign, weekdays="01234", daily_cap=50)
    return campaign


def page_of(campaign: Campaign) -> str:
    return f"/mis-campanias/{campaign.pk}/"


def act(company: Company, campaign: Campaign, verb: str, who: str = "owner", **data: str) -> object:
    return signed_in(getattr(company, who)).post(f"{page_of(campaign)}paso/{verb}/", data)


def test_a_draft_shows_what_it_says_when_and_the_next_step(company: Company, draft: Campaign) -> None:
    page = signed_in(company.owner).get(page_of(draft)).content.decode()

    assert "Hola Ana, ¿cómo estás?" in page
    assert "lun, mar, mié, jue, vie" in page
    assert "hasta 50 por día" in page
    assert "Enviar a aprobar" in page
    assert "Poner en marcha" not in page


def test_the_promoter_submits_and_only_a_supervisor_approves(company: Company, draft: Campaign) -> None:
    answer = act(company, draft, "submit")

    draft.refresh_from_db()
    assert draft.state == CampaignState.AWAITING_APPROVAL
    assert told(answer) == ["“Seguimiento” espera la aprobación de tu supervisor."]
    assert act(company, draft, "approve").status_code == 404  # type: ignore[attr-defined]
    draft.refresh_from_db()
    assert draft.state == CampaignState.AWAITING_APPROVAL


def test_the_promoter_waits_for_an_import_at_work_before_submitting(company: Company, draft: Campaign) -> None:
    RecipientImportFactory.create(campaign=draft, state=RecipientImport.State.QUEUED)

    answer = act(company, draft, "submit")

    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT
    assert "espera a que termine la importación" in told(answer)[0]


def test_an_approved_one_is_launched_paused_and_resumed(company: Company) -> None:
    campaign = CampaignFactory.create(owner=company.owner, team=company.team, state=CampaignState.APPROVED)
    ScheduleFactory.create(campaign=campaign, state=ScheduleState.APPROVED)
    EnvioFactory.create(campaign=campaign)
    seen = []

    for verb in ("launch", "pause", "resume"):
        act(company, campaign, verb)
        campaign.refresh_from_db()
        seen.append(campaign.state)

    assert seen == [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.RUNNING]


def test_cancelling_needs_a_reason_and_takes_the_pending_back(company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team, envios=2)

    assert (
        "motivo" in told(act(company, campaign, "cancel"))[0] or "por qué" in told(act(company, campaign, "cancel"))[0]
    )
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING

    act(company, campaign, "cancel", reason="Me equivoqué de mensaje")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CANCELLED
    assert set(campaign.envios.values_list("state", flat=True)) == {EnvioState.CANCELLED}


def test_a_step_that_does_not_fit_any_more_is_a_sentence(company: Company, draft: Campaign) -> None:
    assert "desde ahí no se puede" in told(act(company, draft, "resume"))[0]


@pytest.mark.parametrize(("who", "status"), [("colleague", 404), ("stranger", 404), ("supervisor", 200)])
def test_only_the_owner_and_their_supervisor_see_it(company: Company, draft: Campaign, who: str, status: int) -> None:
    assert signed_in(getattr(company, who)).get(page_of(draft)).status_code == status


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_nobody_else_takes_a_step(company: Company, draft: Campaign, who: str) -> None:
    assert act(company, draft, "submit", who).status_code == 404  # type: ignore[attr-defined]
    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT


def test_the_report_is_for_who_sees_the_campaign(company: Company, draft: Campaign) -> None:
    record: RecipientImport = RecipientImportFactory.create(campaign=draft, rows=2, accepted=1, opted_out=1)
    address = f"{page_of(draft)}informe/{record.pk}/"
    assert signed_in(company.owner).get(address).status_code == 404
    record.report.save("informe.csv", ContentFile(b"Fila"))

    assert signed_in(company.owner).get(address).status_code == 200
    assert signed_in(company.colleague).get(address).status_code == 404
    assert address in signed_in(company.owner).get(page_of(draft)).content.decode()


def test_nobody_without_a_log_in_comes_in(draft: Campaign) -> None:
    assert Client().get(page_of(draft)).headers["Location"].startswith("/login/")
    assert Client().post(f"{page_of(draft)}paso/submit/").headers["Location"].startswith("/login/")
