"""A file of recipients over the API: looked at, rehearsed, imported, reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.api import imports
from campaigns.enums import CampaignState
from campaigns.models import Envio, RecipientImport
from tests.campaigns.api.world import World
from tests.factories.campaigns import CampaignFactory

DATA = Path(__file__).parents[2] / "data"
SMALL = b"nombre;telefono;saldo\nAna;3515551234;10\nAna otra vez;3515551234;10\nEva;no tiene;5\n"


def send(world: World, path: str, content: bytes = SMALL, *, who: str = "owner", **fields: Any) -> Any:
    upload = SimpleUploadedFile("gente.csv", content)
    return world.client(who).post(path, {"file": upload, **fields}, format="multipart")


def url(campaign_id: int, tail: str = "") -> str:
    return f"/api/v1/campaigns/{campaign_id}/recipients/{tail}"


def test_the_real_file_comes_in_with_its_counts_and_its_report(world: World) -> None:
    campaign = world.campaign()

    answer = send(world, url(campaign.pk), (DATA / "destinatarios_ar.csv").read_bytes())

    told = answer.json()
    assert answer.status_code == 201
    assert (told["accepted"], told["duplicates"], told["invalid"]) == (501, 51, 48)
    assert Envio.objects.filter(campaign=campaign).count() == 501
    report: Any = world.client("owner").get(told["report"])
    assert report.headers["Content-Type"] == "text/csv"
    assert len(b"".join(report.streaming_content).decode("utf-8-sig").splitlines()) == told["rows"] + 1
    listed = world.client("owner").get("/api/v1/imports/", {"campaign": campaign.pk}).json()["results"]
    assert [(row["id"], row["accepted"], row["state"]) for row in listed] == [(told["import_id"], 501, "terminada")]


@pytest.mark.parametrize("who", ["outsider", "colleague", "other_boss"])
def test_nobody_else_reads_the_report(who: str, world: World) -> None:
    told = send(world, url(world.campaign().pk)).json()

    assert world.client(who).get(told["report"]).status_code == 404
    assert world.client(who).get(f"/api/v1/imports/{told['import_id']}/").status_code == 404


def test_a_rehearsal_writes_nothing(world: World) -> None:
    campaign = world.campaign()

    answer = send(world, url(campaign.pk) + "?dry_run=true")

    told = answer.json()
    assert answer.status_code == 200
    assert (told["dry_run"], told["import_id"], told["report"]) == (True, None, None)
    assert (told["accepted"], told["duplicates"], told["invalid"]) == (1, 1, 1)
    assert not Envio.objects.exists()
    assert not RecipientImport.objects.exists()


def test_the_same_file_again_adds_nobody(world: World) -> None:
    campaign = world.campaign()
    send(world, url(campaign.pk))

    told = send(world, url(campaign.pk)).json()

    assert (told["accepted"], told["already_there"]) == (0, 1)


def test_a_preview_proposes_what_the_columns_mean(world: World) -> None:
    told = send(world, url(world.campaign().pk, "preview/")).json()

    assert told["headers"] == ["nombre", "telefono", "saldo"]
    assert told["guess"] == {"phone": 1, "name": 0, "header_row": 1}
    assert told["delimiter"] == ";"
    assert told["sample"][0] == ["Ana", "3515551234", "10"]
    assert "saldo" in told["placeholders"]
    assert told["problem"] == ""


def test_a_preview_says_what_the_message_asks_for_and_the_file_lacks(world: World) -> None:
    told = send(world, url(world.campaign(template="Debes {sado}").pk, "preview/")).json()

    assert "{sado}" in told["problem"]


def test_a_person_corrects_the_columns(world: World) -> None:
    campaign = world.campaign(template="Hola")
    content = b"3515551234,3515559999\n3515551235,3515559998\n"

    told = send(world, url(campaign.pk), content, phone_column=1, header_row=0).json()

    assert told["mapping"] == {"phone": 1, "name": None, "header_row": None}
    assert set(Envio.objects.values_list("phone", flat=True)) == {"+5493515559999", "+5493515559998"}


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"nombre,edad\nAna,31\n", {}, "audience"),
        (b"", {}, "invalid"),
        (b"\x00\x01\x02", {}, "audience"),
        (SMALL, {"phone_column": 9}, "audience"),
        (SMALL, {"phone_column": -1}, "invalid"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_whole(
    content: bytes, fields: dict[str, Any], code: str, world: World
) -> None:
    campaign = world.campaign()

    answer = send(world, url(campaign.pk), content, **fields)

    assert answer.status_code == {"audience": 422, "invalid": 400}[code]
    assert answer.json()["error"]["code"] == code
    assert not Envio.objects.exists()


def test_a_message_that_the_file_cannot_fill_names_what_is_missing(world: World) -> None:
    campaign = world.campaign(template="Debes {monto}")

    answer = send(world, url(campaign.pk))

    assert answer.status_code == 422
    assert "{monto}" in answer.json()["error"]["message"]


def test_a_running_campaign_takes_nobody_in(world: World) -> None:
    assert send(world, url(world.campaign(CampaignState.RUNNING).pk)).status_code == 422


def test_a_file_beyond_the_limit_is_sent_to_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_BYTES", 10)

    answer = send(world, url(world.campaign().pk))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["file"])
    assert "import_recipients" in answer.json()["error"]["fields"]["file"][0]


def test_a_report_that_was_not_kept_does_not_exist(world: World) -> None:
    row = world.finished_import()

    assert world.client("owner").get(f"/api/v1/imports/{row.pk}/report/").status_code == 404


def test_a_body_that_is_no_form_is_refused(world: World) -> None:
    answer = world.client("owner").post(url(world.campaign().pk), {"file": "x"}, format="json")

    assert answer.status_code == 415


def test_an_import_of_another_campaign_stays_hidden_in_the_list(world: World) -> None:
    foreign = CampaignFactory.create()
    send(world, url(world.campaign().pk))

    assert world.client("owner").get("/api/v1/imports/", {"campaign": foreign.pk}).json()["results"] == []


@pytest.mark.parametrize("who", ["owner", "boss"])
def test_what_waits_for_approval_takes_nobody_whoever_asks(who: str, world: World) -> None:
    """What a supervisor reads and approves is what goes out."""
    campaign = world.complete(CampaignState.AWAITING_APPROVAL)

    for query in ("", "?dry_run=true"):
        answer = send(world, url(campaign.pk, query), who=who)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "audience")
        assert "pide antes que la rechacen" in answer.json()["error"]["message"]
    assert Envio.objects.filter(campaign=campaign).count() == 1
    assert not RecipientImport.objects.exists()
