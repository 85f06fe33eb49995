"""`import_recipients` as somebody at a terminal uses it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, Envio, RecipientImport
from tests.campaigns.audience.reading import by_result, report_lines, texts
from tests.factories.campaigns import CampaignFactory
from tests.lib.tables.spreadsheets import csv_bytes

pytestmark = pytest.mark.django_db

ROWS = [
    ["Teléfono fijo", "Celular", "Nombre"],
    ["351 422-3344", "351 274-3915", "Ana"],
    ["", "351 274-3916", "Bea"],
    ["", "0351 15 274-3916", "Bea otra vez"],
    ["351 422-3345", "", "Eva"],
]


@pytest.fixture
def campaign() -> Campaign:
    made: Campaign = CampaignFactory.create(template="Hola {nombre}")
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clientes.csv"
    path.write_bytes(csv_bytes(ROWS, encoding="cp1252"))
    return path


def run(*arguments: object) -> str:
    output = io.StringIO()
    call_command("import_recipients", *map(str, arguments), stdout=output)
    return output.getvalue()


def test_it_says_what_became_of_the_rows(campaign: Campaign, file: Path) -> None:
    assert run(campaign.pk, file).splitlines()[1:] == [
        "Filas leídas: 4",
        "Aceptadas: 2",
        "Duplicadas: 1",
        "Inválidas: 1",
        "Excluidas por pedido: 0",
        "Ya estaban: 0",
    ]
    assert set(texts(campaign)) == {"+5493512743915", "+5493512743916"}


def test_a_dry_run_writes_nothing_and_can_still_leave_its_report(
    campaign: Campaign, file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "informe.csv"
    assert "no se escribió nada" in run(campaign.pk, file, "--dry-run", "--report", path)
    assert not Envio.objects.exists()
    assert not RecipientImport.objects.exists()
    assert by_result(report_lines(path.read_text(encoding="utf-8"))) == {"aceptada": 2, "duplicada": 1, "inválida": 1}


def test_json_has_the_whole_report(campaign: Campaign, file: Path) -> None:
    report = json.loads(run(campaign.pk, file, "--json"))
    assert (report["accepted"], report["duplicates"], report["invalid"]) == (2, 1, 1)
    assert report["reasons"] == {"duplicates": 1, "empty": 1}
    assert report["mapping"] == {"phone": 1, "name": 2, "header_row": 1}
    assert report["encoding"] == "cp1252"
    assert RecipientImport.objects.get(pk=report["import_id"]).accepted == 2


@pytest.mark.parametrize("column", ["1", "Teléfono fijo", "telefono FIJO"])
def test_columns_can_be_named_by_number_or_header(campaign: Campaign, file: Path, column: str) -> None:
    run(campaign.pk, file, "--phone-column", column)
    assert set(texts(campaign)) == {"+5493514223344", "+5493514223345"}


def test_a_column_that_is_not_there_is_refused_with_those_that_are(campaign: Campaign, file: Path) -> None:
    with pytest.raises(CommandError, match="Teléfono fijo, Celular, Nombre"):
        run(campaign.pk, file, "--name-column", "Apodo")


@pytest.mark.parametrize("column", ["0", "4", "²"])
def test_a_column_number_outside_the_file_is_refused(campaign: Campaign, file: Path, column: str) -> None:
    with pytest.raises(CommandError, match="No hay ninguna columna"):
        run(campaign.pk, file, "--phone-column", column)


def test_a_refusal_ends_the_command_with_its_sentence(campaign: Campaign, file: Path) -> None:
    Campaign.objects.update(template="{deuda}")
    with pytest.raises(CommandError, match=r"\{deuda\}"):
        run(campaign.pk, file)


def test_a_file_that_is_no_table_ends_the_command_even_with_columns_named(campaign: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "clientes.pdf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError, match="PDF"):
        run(campaign.pk, path, "--phone-column", "1")


def test_a_report_that_cannot_be_written_is_refused_first(campaign: Campaign, file: Path) -> None:
    with pytest.raises(CommandError, match="elige otro lugar"):
        run(campaign.pk, file, "--report", "/nowhere/at/all.csv")
    assert not RecipientImport.objects.exists()


def test_an_unknown_campaign_ends_the_command(file: Path) -> None:
    with pytest.raises(CommandError, match="No existe la campaña 999"):
        run(999, file)
