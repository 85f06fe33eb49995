"""The command: what it prints and how it exits."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from leadmaster.directory.models import Client
from tests.directory.external import ExternalBase

pytestmark = pytest.mark.django_db


def test_it_reads_the_base_of_the_settings_and_says_what_it_found(
    external: ExternalBase, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    external.add(1)
    external.add(2, contacts=[("celular", "sin dato", 1)])
    settings.CLIENTS_DATABASE_URL = f"sqlite:///{external.path}"
    call_command("sync_clients")
    assert capsys.readouterr().out.splitlines() == [
        "Leídos: 2",
        "Nuevos: 2",
        "Cambiados: 0",
        "Sin cambios: 0",
        "Volvieron: 0",
        "Ya no están: 0",
        "Teléfonos y correos de nuevos y cambiados: 2",
        "Teléfonos inválidos: 1",
        "Sin ningún teléfono válido: 1",
        "  2: “sin dato” · No es un teléfono: no tiene ningún dígito.",
    ]


def test_it_prints_json_and_nothing_else(external: ExternalBase, capsys: pytest.CaptureFixture[str]) -> None:
    external.fill(30)
    call_command("sync_clients", source=str(external.path), json=True, full=True, batch=7)
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["read"], report["new"], report["gone"]) == (30, 30, 0)
    assert printed.err == ""


def test_region_zone_and_mapping_come_from_the_settings(external: ExternalBase, settings: Settings) -> None:
    external.add(1, contacts=[("celular", "0351 15 2743915", 1)])
    external.run("ALTER TABLE clientes RENAME COLUMN municipio TO localidad")
    settings.CLIENTS_REGION = "AR"
    settings.CLIENTS_TIME_ZONE = "America/Argentina/Cordoba"
    settings.CLIENTS_MAPPING = "city=localidad"
    call_command("sync_clients", source=str(external.path), json=True)
    client = Client.objects.get()
    assert client.city == "Zapopan"
    assert [point.normalised for point in client.contacts.all()] == ["+5493512743915"]
    assert client.external_updated_at is not None
    assert client.external_updated_at.isoformat() == "2026-02-01T15:00:00+00:00"


def test_a_region_that_is_no_country_is_refused(external: ExternalBase, settings: Settings) -> None:
    settings.CLIENTS_REGION = "Mexico"
    with pytest.raises(CommandError, match="CLIENTS_REGION es Mexico"):
        call_command("sync_clients", source=str(external.path))


def test_two_bases_are_kept_apart_by_their_names(external: ExternalBase) -> None:
    external.add(1)
    call_command("sync_clients", source=str(external.path), json=True)
    call_command("sync_clients", source=str(external.path), json=True, name="sucursal")
    assert set(Client.objects.values_list("source", "external_id")) == {("externo", "1"), ("sucursal", "1")}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"source": "mysql://x"}, "La dirección"),
        ({"source": "/no/hay/nada.sqlite3"}, "No existe el archivo"),
        ({"batch": 0}, "--batch"),
        ({"batch": 5_001}, "--batch"),
        ({}, "CLIENTS_DATABASE_URL"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("sync_clients", **options)


@pytest.mark.django_db
def test_a_refusal_is_json_too_where_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("sync_clients", "--json", "--source", "no-such-file.csv")

    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["error"]
