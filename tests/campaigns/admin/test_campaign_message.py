"""Another message for a draft whose recipients are there already."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import message_editing
from campaigns.enums import CampaignState
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory, EnvioFactory


@pytest.fixture
def draft(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory(
        owner=company.owner, team=company.team, template="Hola {nombre}", columns=["ciudad"]
    )
    EnvioFactory(campaign=campaign, name="Ana", text="Hola Ana", variables={"ciudad": "Salta"})
    return campaign


def url(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_message", args=[campaign.pk])


def test_get_offers_the_columns_and_changes_nothing(company: Company, draft: Campaign) -> None:
    page = signed_in(company.supervisor).get(url(draft)).content.decode()

    assert 'data-insert="{ciudad}"' in page
    assert draft.envios.get().text == "Hola Ana"


def test_post_writes_every_text_anew(company: Company, draft: Campaign) -> None:
    response = signed_in(company.supervisor).post(url(draft), {"template": "{nombre} de {ciudad}, ¿cómo va?"})

    assert told(response) == ["El mensaje cambió, también en 1 texto."]
    assert draft.envios.get().text == "Ana de Salta, ¿cómo va?"
    draft.refresh_from_db()
    assert draft.template == "{nombre} de {ciudad}, ¿cómo va?"
    assert draft.events.get().by == company.supervisor


@pytest.mark.parametrize(
    ("template", "sentence"),
    [("Hola {saldo}", "{saldo}"), ("Hola {", "llave suelta"), ("", "Escribe el mensaje")],
    ids=["unknown column", "brace", "empty"],
)
def test_bad_post_is_told_and_changes_nothing(company: Company, draft: Campaign, template: str, sentence: str) -> None:
    response = signed_in(company.supervisor).post(url(draft), {"template": template})

    assert sentence in response.content.decode()
    draft.refresh_from_db()
    assert draft.template == "Hola {nombre}"


def test_one_person_without_the_data_holds_back_all(company: Company, draft: Campaign) -> None:
    EnvioFactory(campaign=draft, name="Luis", text="Hola Luis")

    with pytest.raises(Incomplete, match="A 1 destinatario"):
        message_editing.edit_message(draft, "{nombre} de {ciudad}", by=company.supervisor, now=timezone.now())

    assert sorted(draft.envios.values_list("text", flat=True)) == ["Hola Ana", "Hola Luis"]


def test_only_a_draft_changes_what_it_says(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.AWAITING_APPROVAL)

    with pytest.raises(WrongState):
        message_editing.edit_message(campaign, "Otra cosa", by=company.supervisor, now=timezone.now())

    response = signed_in(company.supervisor).post(url(campaign), {"template": "Otra cosa"})
    assert "solo se edita mientras" in response.content.decode()


def test_not_by_another_team(company: Company, draft: Campaign) -> None:
    assert signed_in(company.stranger).post(url(draft), {"template": "Mío"}).status_code == 404
    with pytest.raises(NotAllowed):
        message_editing.edit_message(draft, "Mío", by=company.stranger, now=timezone.now())


def test_too_many_to_rewrite_in_one_go_is_refused_in_words(
    company: Company, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_editing, "LIMIT", 0)

    with pytest.raises(Incomplete, match="crea otra campaña"):
        message_editing.edit_message(draft, "Otra cosa", by=company.supervisor, now=timezone.now())
