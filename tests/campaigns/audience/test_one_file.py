"""Files that would keep everybody else waiting: one at a time of each person, and big is what is big unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.api import imports
from campaigns.audience import AudienceError
from campaigns.audience.one_file import one_file_at_a_time
from campaigns.models import Campaign, Envio, RecipientImport
from tests.campaigns.api.world import World, build
from tests.company import signed_in
from tests.lib.xlsx.bombs import noise, sheet, workbook

pytestmark = pytest.mark.django_db
State = RecipientImport.State

SMALL = b"nombre;telefono\nAna;3515551234\n"
PEOPLE = b'<row><c t="inlineStr"><is><t>Celular</t></is></c></row>'
# 100 kB that unpack to 12 MB of styled rows behind the last person: no bomb, and nothing to wait for in a request.
ROOMY = workbook(
    sheet(
        b'<row ht="15" customHeight="1"/>' + b" " * 80,
        110_000,
        head=b"<!--" + noise(60_000) + b"-->" + PEOPLE + b"<row><c><v>3512743915</v></c></row>",
    )
)


@pytest.fixture
def world() -> World:
    return build()


def post(world: World, campaign: Campaign, tail: str = "", content: bytes = SMALL, name: str = "a.csv") -> Any:
    upload = SimpleUploadedFile(name, content)
    path = f"/api/v1/campaigns/{campaign.pk}/recipients/{tail}"
    return world.client("owner").post(path, {"file": upload}, format="multipart")


def test_a_second_file_of_a_person_waits_and_one_of_somebody_else_does_not(world: World) -> None:
    with one_file_at_a_time(world.owner):
        with pytest.raises(AudienceError, match="espera a que termine") as refused, one_file_at_a_time(world.owner):
            pytest.fail("both were let in")
        with one_file_at_a_time(world.colleague):
            pass
    with one_file_at_a_time(world.owner):
        pass
    assert refused.value.code == "busy"


@pytest.mark.parametrize("tail", ["", "preview/"])
def test_the_api_reads_one_file_of_a_person_at_a_time(world: World, tail: str) -> None:
    campaign = world.campaign(template="Hola")

    with one_file_at_a_time(world.owner):
        answer = post(world, campaign, tail)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "audience")
    assert "espera a que termine" in answer.json()["error"]["message"]
    assert not Envio.objects.exists()
    assert post(world, campaign, tail).status_code in {200, 201}


def test_the_pages_read_one_file_of_a_person_at_a_time(world: World) -> None:
    campaign = world.campaign(template="Hola")
    client = signed_in(world.boss)
    upload = reverse("admin:campaigns_campaign_upload", args=[campaign.pk])

    with one_file_at_a_time(world.boss):
        busy = client.post(upload, {"file": SimpleUploadedFile("a.csv", SMALL)})
    assert "espera a que termine" in busy.content.decode()
    assert not RecipientImport.objects.exists()

    columns = client.post(upload, {"file": SimpleUploadedFile("a.csv", SMALL)}).headers["Location"]
    with one_file_at_a_time(world.boss):
        assert client.get(columns).headers["Location"] == upload
        assert client.post(columns, {"phone": "1", "name": "0", "header_row": "1"}).headers["Location"] == upload
    assert RecipientImport.objects.get().state == State.UPLOADED
    assert client.post(columns, {"phone": "1", "name": "0", "header_row": "1"}).headers["Location"] == columns
    assert RecipientImport.objects.get().state == State.DONE


def test_a_small_archive_that_unpacks_to_much_goes_to_the_background(world: World) -> None:
    campaign = world.campaign(template="Hola {nombre|vos}")
    client = signed_in(world.boss)
    assert len(ROOMY) < 200_000

    file = SimpleUploadedFile("roomy.xlsx", ROOMY)
    columns = client.post(reverse("admin:campaigns_campaign_upload", args=[campaign.pk]), {"file": file})
    client.post(columns.headers["Location"], {"phone": "0", "name": "", "header_row": "1"})

    assert RecipientImport.objects.get().state == State.QUEUED


def test_the_api_sends_what_unpacks_to_much_to_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_UNPACKED", 10_000_000)

    answer = post(world, world.campaign(template="Hola {nombre|vos}"), content=ROOMY, name="roomy.xlsx")

    assert answer.status_code == 422
    assert "import_recipients" in answer.json()["error"]["message"]
    assert not RecipientImport.objects.exists()


def test_a_report_whose_file_is_gone_is_said_at_every_door(world: World) -> None:
    told = post(world, world.campaign(template="Hola")).json()
    record = RecipientImport.objects.get(pk=told["import_id"])
    Path(record.report.path).unlink()
    page = reverse("admin:campaigns_campaign_report", args=[record.campaign_id, record.pk])
    own = reverse("my-campaign-report", args=[record.campaign_id, record.pk])

    assert world.client("owner").get(told["report"]).status_code == 404
    for who, path in ((world.boss, page), (world.owner, own)):
        answer = signed_in(who).get(path, follow=True)
        assert answer.status_code == 200
        assert "ya no está guardado" in answer.content.decode()


def test_an_upload_whose_file_is_gone_is_said_and_another_is_asked_for(world: World) -> None:
    campaign = world.campaign(template="Hola")
    client = signed_in(world.boss)
    upload = reverse("admin:campaigns_campaign_upload", args=[campaign.pk])
    columns = client.post(upload, {"file": SimpleUploadedFile("a.csv", SMALL)}).headers["Location"]
    record = RecipientImport.objects.get()
    Path(record.file.path).unlink()

    answer = client.get(columns, follow=True)

    assert answer.redirect_chain == [(upload, 302)]
    assert "vuelve a subirlo" in answer.content.decode()
