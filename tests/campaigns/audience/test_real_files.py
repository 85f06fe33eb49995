"""The two files that real spreadsheets wrote, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.audience import import_file, inspect
from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio
from tests.campaigns.audience.reading import by_result, counts, kept_report, record_of
from tests.factories.campaigns import CampaignFactory

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[2] / "data"
AR, MX = DATA / "destinatarios_ar.csv", DATA / "destinatarios_mx.csv"

NO_DIGITS = "No es un teléfono: no tiene ningún dígito."
SCIENTIFIC = (
    "La planilla guardó el número en notación científica y perdió dígitos: "
    "da formato de texto a la columna, vuelve a escribir el número y expórtala de nuevo."
)
# Every way in which a phone of the two files is none, looked at by eye, and what its row is told.
REASONS = {
    "": "No hay teléfono en esta fila.",
    "s/n": NO_DIGITS,
    "no tiene": NO_DIGITS,
    "teléfono": "Repite el encabezado en lugar de traer un teléfono.",
    "4.93512E+11": SCIENTIFIC,
    "0000000000": "Es un número de relleno: repite siempre el mismo dígito.",
    "123": "Es demasiado corto para ser un teléfono.",
    "11-22": "Es demasiado corto para ser un teléfono.",
    "'+1": "Es demasiado corto para ser un teléfono.",
}


def draft(region: str) -> Campaign:
    campaign: Campaign = CampaignFactory.create(
        session__region=region, template="Hola {nombre}, tu saldo es de $ {saldo}."
    )
    return campaign


@pytest.mark.parametrize(
    ("path", "region", "accepted", "duplicates", "invalid"), [(AR, "AR", 501, 51, 48), (MX, "MX", 483, 68, 49)]
)
def test_a_real_file_comes_in_with_every_row_accounted_for(
    path: Path, region: str, accepted: int, duplicates: int, invalid: int
) -> None:
    campaign = draft(region)

    report = import_file(campaign, path, now=timezone.now())

    expected = {"accepted": accepted, "duplicates": duplicates, "invalid": invalid}
    assert counts(report) == expected
    assert counts(record_of(report)) == expected
    envios = Envio.objects.filter(campaign=campaign)
    assert envios.filter(state=EnvioState.PENDING).count() == envios.count() == accepted
    shape = r"\+549\d{10}" if region == "AR" else r"\+52[2-9]\d{9}"
    assert all(re.fullmatch(shape, phone) for phone in envios.values_list("phone", flat=True))


@pytest.mark.parametrize(("path", "region"), [(AR, "AR"), (MX, "MX")])
def test_every_invalid_row_says_the_right_reason_and_every_duplicate_its_first_row(path: Path, region: str) -> None:
    lines = kept_report(import_file(draft(region), path, now=timezone.now()).import_id)

    assert [int(line["Fila"]) for line in lines] == list(range(2, 602))
    for line in lines:
        if line["Resultado"] == "inválida":
            assert line["Motivo"] == REASONS[line["Teléfono en el archivo"]]
            assert line["Teléfono"] == ""
    first = {line["Teléfono"]: line["Fila"] for line in lines if line["Resultado"] == "aceptada"}
    assert len(first) == by_result(lines)["aceptada"]
    for line in lines:
        if line["Resultado"] == "duplicada":
            assert line["Primera fila"] == first[line["Teléfono"]]
            assert int(line["Primera fila"]) < int(line["Fila"])
            assert line["Motivo"] == f"Repite el teléfono de la fila {line['Primera fila']}."


def test_names_and_columns_arrive_as_they_were_written() -> None:
    campaign = draft("AR")
    import_file(campaign, AR, now=timezone.now())

    names = set(Envio.objects.filter(campaign=campaign).values_list("name", flat=True))
    assert {"María Muñoz", "Ñusta Álvarez", 'Los "Tres" Hermanos', "Línea 1 Línea 2", "espacios", ""} <= names
    injected = Envio.objects.filter(campaign=campaign, name='=HYPERLINK("http://x.example","clic")')
    assert injected.count() == 3
    first = Envio.objects.get(campaign=campaign, phone="+5493512743915")
    assert first.name == "María Muñoz"
    assert first.variables == {"telefono": "(0351) 15 2743915", "convenio": "Convenio A", "saldo": "65037,77"}
    assert first.text == "Hola María Muñoz, tu saldo es de $ 65037,77."
    campaign.refresh_from_db()
    assert campaign.columns == ["telefono", "convenio", "saldo"]


def test_people_without_a_name_are_greeted_without_one() -> None:
    campaign = draft("AR")
    import_file(campaign, AR, now=timezone.now())
    nameless = Envio.objects.filter(campaign=campaign, name="")
    assert nameless.count() == 4
    assert all(text.startswith("Hola, tu saldo es de $ ") for text in nameless.values_list("text", flat=True))


def test_formulas_in_names_are_neutralised_in_the_report() -> None:
    lines = kept_report(import_file(draft("AR"), AR, now=timezone.now()).import_id)
    injected = [line["Nombre"] for line in lines if "HYPERLINK" in line["Nombre"]]
    assert injected == ['\'=HYPERLINK("http://x.example","clic")'] * 3
    assert all(re.fullmatch(r"\+54 9 \d{10}|", line["Teléfono"]) for line in lines), "the phones stay usable"


@pytest.mark.parametrize(("path", "region"), [(AR, "AR"), (MX, "MX")])
def test_the_same_file_again_adds_nobody(path: Path, region: str) -> None:
    campaign = draft(region)
    first = import_file(campaign, path, now=timezone.now())
    ids = set(Envio.objects.filter(campaign=campaign).values_list("id", flat=True))

    again = import_file(campaign, path, now=timezone.now())

    assert counts(again) == {
        "already_there": first.accepted, "duplicates": first.duplicates, "invalid": first.invalid
    }  # fmt: skip
    assert set(Envio.objects.filter(campaign=campaign).values_list("id", flat=True)) == ids


def test_what_the_preview_shows_of_them() -> None:
    argentina, mexico = inspect(AR, region="AR"), inspect(MX, region="MX")
    assert (argentina.encoding, argentina.delimiter) == ("cp1252", ";")
    assert (mexico.encoding, mexico.delimiter) == ("utf-8-sig", ",")
    for preview in (argentina, mexico):
        assert preview.headers == ("Teléfono", "Nombre", "Convenio", "Saldo")
        assert preview.guess is not None
        assert (preview.guess.phone, preview.guess.name, preview.guess.header_row) == (0, 1, 1)
        assert preview.placeholders == ["nombre", "nombre_destino", "telefono", "convenio", "saldo"]
    assert argentina.sample[0] == ("(0351) 15 2743915", "María Muñoz", "Convenio A", "65037,77")
