"""Recipients from a file, on the desk: upload, confirm the columns, import, read and download the report."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import Settings

from campaigns.admin import campaign_import
from campaigns.audience.queued import run_queued
from campaigns.enums import CampaignState
from campaigns.models import Campaign, RecipientImport
from leadmaster.lib.clock import database_now
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory

State = RecipientImport.State
CSV = "Nombre;Celular;Ciudad\nAna;351 274-3915;Córdoba\nLuis;351 274 3916;Rosario\nEva;nada;Salta\n"


@pytest.fixture
def draft(company: Company) -> Campaign:
    campaign: Campaign = CampaignFactory(owner=company.owner, team=company.team, template="Hola {nombre} de {ciudad}")
    return campaign


def upload_url(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_upload", args=[campaign.pk])


def upload(company: Company, campaign: Campaign, text: str = CSV, name: str = "lista.csv") -> str:
    """Upload a file; the address that the person is sent to."""
    file = SimpleUploadedFile(name, text.encode("cp1252"))
    response = signed_in(company.supervisor).post(upload_url(campaign), {"file": file})
    assert response.status_code == 302, response.content.decode()
    return response.headers["Location"]


def test_an_uploaded_file_shows_its_columns_before_anything_is_imported(company: Company, draft: Campaign) -> None:
    address = upload(company, draft)

    page = signed_in(company.supervisor).get(address).content.decode()

    assert "Celular" in page
    assert "{ciudad}" in page
    assert "351 274-3915" in page
    assert re.search(r'<option value="1"\s+selected>\s*Celular', page)
    assert draft.envios.count() == 0
    assert draft.imports.get().state == State.UPLOADED


def test_confirmed_columns_are_imported_and_the_report_can_be_downloaded(company: Company, draft: Campaign) -> None:
    address = upload(company, draft)
    client = signed_in(company.supervisor)

    response = client.post(address, {"phone": "1", "name": "0", "header_row": "1"})

    assert response.headers["Location"] == address
    record = draft.imports.get()
    assert (record.state, record.rows, record.accepted, record.invalid) == (State.DONE, 3, 2, 1)
    assert record.by == company.supervisor
    assert sorted(draft.envios.values_list("text", flat=True)) == ["Hola Ana de Córdoba", "Hola Luis de Rosario"]
    result = client.get(address).content.decode()
    assert "Descargar el informe" in result
    report = client.get(reverse("admin:campaigns_campaign_report", args=[draft.pk, record.pk]))
    assert "attachment" in report.headers["Content-Disposition"]
    assert "nada" in b"".join(report.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]


def test_a_corrected_mapping_is_the_one_that_counts(company: Company, draft: Campaign) -> None:
    draft.template = "Hola, ¿qué tal {ciudad}?"
    draft.save()
    address = upload(company, draft, "A;B;Ciudad\n351 274-3915;351 999-0000;X\n".replace("A;B", "Celular;Otro celular"))

    signed_in(company.supervisor).post(address, {"phone": "1", "name": "", "header_row": "1"})

    record = draft.imports.get()
    assert record.mapping["phone"] == 1


def test_what_is_no_file_is_refused_in_words_and_not_kept(company: Company, draft: Campaign) -> None:
    client = signed_in(company.supervisor)

    nothing = client.post(upload_url(draft), {})
    binary = client.post(upload_url(draft), {"file": SimpleUploadedFile("foto.png", b"\x89PNG\r\n\x1a\n\x00\x00")})

    assert nothing.status_code == binary.status_code == 200
    assert "lm-error" in binary.content.decode()
    assert not draft.imports.exists()


def test_a_message_that_the_file_cannot_fill_is_told_before_anything_is_imported(
    company: Company, draft: Campaign
) -> None:
    address = upload(company, draft, "Celular\n351 274-3915\n")
    client = signed_in(company.supervisor)

    shown = client.get(address).content.decode()
    pressed = client.post(address, {"phone": "0", "name": "", "header_row": "1"})

    for page in (shown, pressed.content.decode()):
        assert "{ciudad}" in page
        assert "ningún archivo trae esa columna" in page
    assert draft.imports.get().state == State.UPLOADED
    assert not draft.envios.exists()
    draft.template = "Hola"
    draft.save()
    assert "ningún archivo" not in client.get(address).content.decode()


def test_a_second_click_does_not_import_twice(company: Company, draft: Campaign) -> None:
    address = upload(company, draft)
    client = signed_in(company.supervisor)
    columns = {"phone": "1", "name": "0", "header_row": "1"}

    client.post(address, columns)
    client.post(address, columns)

    assert draft.imports.get().rows == 3
    assert draft.envios.count() == 2


def test_a_big_file_waits_for_the_background_and_moves_on_screen(
    company: Company, draft: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_import, "_BIG_TEXT", 10)
    address = upload(company, draft)
    client = signed_in(company.supervisor)

    client.post(address, {"phone": "1", "name": "0", "header_row": "1"})

    record = draft.imports.get()
    assert (record.state, draft.envios.count()) == (State.QUEUED, 0)
    waiting = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s, wake"' in waiting
    assert "<html" not in waiting

    assert run_queued(database_now()) == 1

    record.refresh_from_db()
    assert (record.state, record.accepted, draft.envios.count()) == (State.DONE, 2, 2)
    assert "hx-trigger" not in client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert run_queued(database_now()) == 0


def test_a_campaign_that_was_cancelled_meanwhile_takes_nobody_new(company: Company, draft: Campaign) -> None:
    address = upload(company, draft)
    Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.CANCELLED)

    signed_in(company.supervisor).post(address, {"phone": "1", "name": "0", "header_row": "1"})

    assert "solo se agregan destinatarios" in draft.imports.get().error
    assert not draft.envios.exists()


def test_a_campaign_that_waits_for_approval_takes_no_file(company: Company, draft: Campaign) -> None:
    """Said before the file travels, and again if it was on its way."""
    Campaign.objects.filter(pk=draft.pk).update(state=CampaignState.AWAITING_APPROVAL)
    client = signed_in(company.supervisor)

    for ask in (client.get, client.post):
        answer = ask(upload_url(draft))
        assert answer.headers["Location"] == reverse("admin:campaigns_campaign_change", args=[draft.pk])
        assert "pide antes que la rechacen" in told(answer)[-1]
    assert not draft.imports.exists()


def test_files_of_another_team_are_out_of_reach(company: Company, draft: Campaign, settings: Settings) -> None:
    address = upload(company, draft)
    signed_in(company.supervisor).post(address, {"phone": "1", "name": "0", "header_row": "1"})
    report = reverse("admin:campaigns_campaign_report", args=[draft.pk, draft.imports.get().pk])
    stranger = signed_in(company.stranger)

    for path in (upload_url(draft), address, report):
        assert stranger.get(path).status_code == 404
    other = CampaignFactory(owner=company.owner, team=company.other_team)
    record = draft.imports.get()
    # A record is found only under its own campaign.
    assert stranger.get(reverse("admin:campaigns_campaign_report", args=[other.pk, record.pk])).status_code == 404


def test_an_interrupted_import_offers_to_go_on_and_does(company: Company, draft: Campaign) -> None:
    address = upload(company, draft)
    client = signed_in(company.supervisor)
    RecipientImport.objects.update(state=State.INTERRUPTED, mapping={"phone": 1, "name": 0, "header_row": 1})
    go_on = reverse("admin:campaigns_campaign_resume_import", args=[draft.pk, draft.imports.get().pk])

    page = client.get(address).content.decode()
    assert "Interrumpida" in page
    assert go_on in page
    assert client.get(go_on).status_code == 405
    assert signed_in(company.stranger).post(go_on).status_code == 404

    assert client.post(go_on).headers["Location"] == address
    assert draft.imports.get().state == State.QUEUED
    run_queued(database_now())
    assert draft.imports.get().accepted == 2
    assert go_on not in client.get(address).content.decode()
