"""One campaign on its promoter's phone: what it says and the next step."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import Campaign, RecipientImport
from tests import desk as desks
from tests.desk import Desk, signed_in, told
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
    running_campaign,
)


@pytest.fixture
def desk(db: None) -> Desk:
    return desks.build()


@pytest.fixture
def draft(desk: Desk) -> Campaign:
    campaign: Campaign = CampaignFactory.create(owner=desk.owner, team=desk.team, name="Seguimiento")
    EnvioFactory.create(campaign=campaign, name="Ana", text="Hola Ana, ¿cómo estás?")
    ScheduleFactory.create(campaign=campaign, weekdays="01234", daily_cap=50)
    return campaign


def page_of(campaign: Campaign) -> str:
    return f"/mis-campanias/{campaign.pk}/"


def act(desk: Desk, campaign: Campaign, verb: str, who: str = "owner", **data: str) -> object:
    return signed_in(getattr(desk, who)).post(f"{page_of(campaign)}paso/{verb}/", data)


def test_a_draft_shows_what_it_says_when_and_the_next_step(desk: Desk, draft: Campaign) -> None:
    page = signed_in(desk.owner).get(page_of(draft)).content.decode()

    assert "Hola Ana, ¿cómo estás?" in page
    assert "lun, mar, mié, jue, vie" in page
    assert "hasta 50 por día" in page
    assert "Enviar a aprobar" in page
    assert "Poner en marcha" not in page


def test_the_promoter_submits_and_only_a_supervisor_approves(desk: Desk, draft: Campaign) -> None:
    answer = act(desk, draft, "submit")

    draft.refresh_from_db()
    assert draft.state == CampaignState.AWAITING_APPROVAL
    assert told(answer) == ["“Seguimiento” espera la aprobación de tu supervisor."]
    assert act(desk, draft, "approve").status_code == 404  # type: ignore[attr-defined]
    draft.refresh_from_db()
    assert draft.state == CampaignState.AWAITING_APPROVAL


def test_the_promoter_waits_for_an_import_at_work_before_submitting(desk: Desk, draft: Campaign) -> None:
    RecipientImportFactory.create(campaign=draft, state=RecipientImport.State.QUEUED)

    answer = act(desk, draft, "submit")

    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT
    assert "espera a que termine la importación" in told(answer)[0]


def test_an_approved_one_is_launched_paused_and_resumed(desk: Desk) -> None:
    campaign = CampaignFactory.create(owner=desk.owner, team=desk.team, state=CampaignState.APPROVED)
    ScheduleFactory.create(campaign=campaign, state=ScheduleState.APPROVED)
    EnvioFactory.create(campaign=campaign)
    seen = []

    for verb in ("launch", "pause", "resume"):
        act(desk, campaign, verb)
        campaign.refresh_from_db()
        seen.append(campaign.state)

    assert seen == [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.RUNNING]


def test_cancelling_needs_a_reason_and_takes_the_pending_back(desk: Desk) -> None:
    campaign = running_campaign(owner=desk.owner, team=desk.team, envios=2)

    assert "motivo" in told(act(desk, campaign, "cancel"))[0] or "por qué" in told(act(desk, campaign, "cancel"))[0]
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING

    act(desk, campaign, "cancel", reason="Me equivoqué de mensaje")
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CANCELLED
    assert set(campaign.envios.values_list("state", flat=True)) == {EnvioState.CANCELLED}


def test_a_step_that_does_not_fit_any_more_is_a_sentence(desk: Desk, draft: Campaign) -> None:
    assert "desde ahí no se puede" in told(act(desk, draft, "resume"))[0]


@pytest.mark.parametrize(("who", "status"), [("colleague", 404), ("stranger", 404), ("supervisor", 200)])
def test_only_the_owner_and_their_supervisor_see_it(desk: Desk, draft: Campaign, who: str, status: int) -> None:
    assert signed_in(getattr(desk, who)).get(page_of(draft)).status_code == status


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_nobody_else_takes_a_step(desk: Desk, draft: Campaign, who: str) -> None:
    assert act(desk, draft, "submit", who).status_code == 404  # type: ignore[attr-defined]
    draft.refresh_from_db()
    assert draft.state == CampaignState.DRAFT


def test_the_report_is_for_who_sees_the_campaign(desk: Desk, draft: Campaign) -> None:
    record: RecipientImport = RecipientImportFactory.create(campaign=draft, rows=2, accepted=1, opted_out=1)
    address = f"{page_of(draft)}informe/{record.pk}/"
    assert signed_in(desk.owner).get(address).status_code == 404
    record.report.save("informe.csv", ContentFile(b"Fila"))

    assert signed_in(desk.owner).get(address).status_code == 200
    assert signed_in(desk.colleague).get(address).status_code == 404
    assert address in signed_in(desk.owner).get(page_of(draft)).content.decode()


def test_nobody_without_a_log_in_comes_in(draft: Campaign) -> None:
    assert Client().get(page_of(draft)).headers["Location"].startswith("/login/")
    assert Client().post(f"{page_of(draft)}paso/submit/").headers["Location"].startswith("/login/")
