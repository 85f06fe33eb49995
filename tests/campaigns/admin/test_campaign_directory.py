"""«Añadir del directorio»: whom a supervisor may choose, the numbers before it, and what it does."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.admin import campaign_directory as module
from campaigns.audience.queued import run_queued
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Envio, RecipientImport
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import CampaignFactory
from tests.factories.directory import ClientFactory, ContactPointFactory, SuppressionFactory


@pytest.fixture
def campaign(company: Company) -> Campaign:
    row: Campaign = CampaignFactory.create(owner=company.owner, team=company.team, template="Hola {nombre} de {ciudad}")
    return row


def client(**fields: object) -> Client:
    row: Client = ClientFactory.create(**fields)
    ContactPointFactory.create(client=row)
    return row


def url(campaign: Campaign, name: str = "directory") -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def post(company: Company, campaign: Campaign, who: str = "supervisor", **data: Any) -> Any:
    asked = {"sent": "1", "availability": ["libre", "pool"], **data}
    return signed_in(getattr(company, who)).post(url(campaign), asked)


def test_the_page_counts_and_changes_nothing(company: Company, campaign: Campaign) -> None:
    client()
    client(province="Sonora", city="Hermosillo")
    client(availability=Availability.TAKEN)

    page = signed_in(company.supervisor).get(url(campaign)).content.decode()

    assert "Jalisco (1)" in page
    assert "Sonora (1)" in page
    assert "<b>2</b> clientes" in page
    assert not Envio.objects.exists()


def test_the_numbers_follow_what_is_chosen(company: Company, campaign: Campaign) -> None:
    client()
    client(city="Tonalá")
    client(availability=Availability.TAKEN)
    asked = {"sent": "1", "province": "Jalisco", "availability": ["libre", "tomado"]}

    page = signed_in(company.supervisor).get(url(campaign, "directory_live"), asked).content.decode()

    assert "<b>3</b> clientes" in page
    assert "Tonalá (1)" in page
    assert "Les escribes a clientes de otras personas" in page
    assert "<html" not in page


def test_a_city_goes_with_its_province(company: Company, campaign: Campaign) -> None:
    client()

    page = signed_in(company.supervisor).get(url(campaign, "directory_live"), {"sent": "1", "city": "Zapopan"})

    assert "Elige al menos un grupo" in page.content.decode()
    page = signed_in(company.supervisor).get(url(campaign, "directory_live"), {"city": "Zapopan"})
    assert "<b>1</b> cliente" in page.content.decode()


def test_the_chosen_ones_come_in_with_their_report(company: Company, campaign: Campaign) -> None:
    client(name="Ana")
    SuppressionFactory.create(phone=client().contacts.get().normalised)
    client(province="Sonora")
    client(availability=Availability.TAKEN)

    answer = post(company, campaign, province="Jalisco")

    record = RecipientImport.objects.get()
    assert (record.accepted, record.opted_out, record.rows) == (1, 1, 2)
    assert record.by == company.supervisor
    assert Envio.objects.get().text == "Hola Ana de Zapopan"
    result = signed_in(company.supervisor).get(answer.headers["Location"])
    assert "Directorio: Jalisco" in result.content.decode()
    assert "Descargar el informe" in result.content.decode()


def test_more_than_a_request_waits_for_goes_to_the_background(
    company: Company, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.audience.directory_counts.EXACT_UP_TO", 1)
    client()
    client()

    post(company, campaign)
    assert not Envio.objects.exists()
    assert RecipientImport.objects.get().state == RecipientImport.State.QUEUED
    run_queued(timezone.now())
    assert Envio.objects.count() == 2


def test_a_few_of_many_are_added_at_once(company: Company, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.audience.directory_counts.EXACT_UP_TO", 1)
    for _ in range(3):
        client()

    post(company, campaign, limit="2")
    assert Envio.objects.count() == 2
    monkeypatch.setattr(module, "_QUICK", 1)
    post(company, campaign, limit="2")
    assert Envio.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [({"availability": []}, "al menos un grupo"), ({"limit": "0"}, "número desde 1"), ({"limit": "x"}, "desde 1")],
)
def test_what_makes_no_sense_is_said_and_adds_nobody(
    data: dict[str, Any], sentence: str, company: Company, campaign: Campaign
) -> None:
    client()

    answer = post(company, campaign, **data)

    assert sentence in told(answer)[0]
    assert not RecipientImport.objects.exists()


def test_a_message_that_clients_cannot_fill_is_said(company: Company, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(template="Debes {saldo}")
    client()

    assert "{saldo}" in told(post(company, campaign))[0]


def test_a_running_campaign_takes_nobody_in(company: Company, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CANCELLED)
    client()

    assert "cancelada" in told(post(company, campaign))[0]
    assert not Envio.objects.exists()


def test_one_that_waits_for_approval_takes_nobody_in(company: Company, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.AWAITING_APPROVAL)
    client()

    for answer in (post(company, campaign), signed_in(company.supervisor).get(url(campaign, "directory"))):
        assert answer.headers["Location"] == url(campaign, "change")
        assert "pide antes que la rechacen" in told(answer)[-1]
    assert not Envio.objects.exists()


@pytest.mark.parametrize("who", ["stranger"])
def test_another_team_does_not_know_of_it(who: str, company: Company, campaign: Campaign) -> None:
    assert post(company, campaign, who).status_code == 404
    assert signed_in(company.stranger).get(url(campaign, "directory_live")).status_code == 404


def test_who_may_not_read_the_directory_finds_no_door(company: Company, campaign: Campaign) -> None:
    let_into_the_admin(company.owner)

    assert post(company, campaign, "owner").status_code == 403
    page = signed_in(company.owner).get(url(campaign, "change")).content.decode()
    assert "Importar destinatarios" in page
    assert "Añadir del directorio" not in page
    assert "Añadir del directorio" in signed_in(company.supervisor).get(url(campaign, "change")).content.decode()
