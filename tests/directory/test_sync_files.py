"""Client bases that somebody exported to a file: ragged, cut, with headers of their own and amounts of their region."""

from __future__ import annotations

import datetime as dt
import io
import zoneinfo
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from leadmaster.directory.models import Client, ContactPoint
from leadmaster.directory.sync import SyncError
from leadmaster.directory.sync.rows import Reading
from tests.directory.conftest import sync

pytestmark = pytest.mark.django_db

AR = Reading(region="AR", tz=zoneinfo.ZoneInfo("America/Argentina/Cordoba"))


def file(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "clientes.csv"
    path.write_text(text, encoding=encoding)
    return path


def present() -> list[str]:
    return sorted(Client.objects.present().values_list("external_id", flat=True))


def test_numbers_with_whatsapps_ending_are_phones_and_no_mails(tmp_path: Path) -> None:
    text = "id;nombre;whatsapp;correo\n1;Ana;5215520000010@c.us;ana@correo.mx\n2;Luis;;5215520000011@s.whatsapp.net\n"

    report = sync(file(tmp_path, text))

    contacts = ContactPoint.objects.order_by("client__external_id", "position")
    assert list(contacts.values_list("kind", "normalised")) == [
        ("telefono", "+525520000010"),
        ("correo", "ana@correo.mx"),
        ("telefono", "+525520000011"),
    ]
    assert (report.invalid_mails, report.invalid_phones) == (0, 0)


RAGGED = (
    'ID;Nombre;Telefono\n1;A;3512743915;x;y\n2;B,3512743916\n3;"C;3512743917\n4;D;3512743918\n5";E;3512743919\n'
    ";F;3512743920\n1;A2;3512743921\n"
)


def test_rows_that_do_not_line_up_are_counted_and_nobody_gets_anothers_cells(tmp_path: Path) -> None:
    report = sync(file(tmp_path, RAGGED), reading=AR)

    assert (report.without_id, report.repeated, report.misfits) == (1, 1, 4)
    assert dict(Client.objects.values_list("external_id", "name")) == {"1": "A2", "4": "D"}


def test_who_stands_in_a_row_that_does_not_line_up_is_not_gone(tmp_path: Path) -> None:
    whole = "id;nombre;telefono\n" + "".join(f"{n};N{n};35127439{n:02}\n" for n in range(1, 31))
    sync(file(tmp_path, whole), reading=AR, full=True)
    broken = whole.replace("3;N3;3512743903", '3;"N3;3512743903').replace("4;N4;", "4;N4;de más;")

    report = sync(file(tmp_path, broken.replace("30;N30;3512743930\n", "")), reading=AR, full=True)

    assert (report.misfits, report.gone) == (2, 1)
    assert present() == sorted(str(n) for n in range(1, 30))
    assert dict(Client.objects.values_list("external_id", "name"))["3"] == "N3"


def test_usual_headers_are_known_and_the_columns_that_nobody_reads_are_named(tmp_path: Path) -> None:
    text = (
        "ID;Apellido y Nombre;DNI;Provincia;Localidad;Nro de celular;Email;Zodíaco\n"
        "1;Juan Pérez;20111222;Córdoba;Río Cuarto;3512743915;a@b.co;Aries\n"
    )
    out = io.StringIO()

    report = sync(file(tmp_path, text), reading=AR)
    call_command("sync_clients", "--source", str(file(tmp_path, text)), "--name", "otra", stdout=out)

    client = Client.objects.get(source="externo")
    assert (client.name, client.tax_id, client.province, client.city) == (
        "Juan Pérez", "20111222", "Córdoba", "Río Cuarto"
    )  # fmt: skip
    assert set(client.contacts.values_list("normalised", flat=True)) == {"+5493512743915", "a@b.co"}
    assert report.ignored == ("Zodíaco",)
    assert "Columnas del archivo que no se usan: Zodíaco" in out.getvalue()


def many(count: int) -> str:
    return "id;nombre;telefono\n" + "".join(f"{n};N;55200{n:05}\n" for n in range(count))


def test_a_base_that_lost_many_of_its_clients_is_refused_unless_somebody_says_so(
    tmp_path: Path, settings: Settings
) -> None:
    sync(file(tmp_path, many(200)), full=True)
    for cut in (3, 159):
        with pytest.raises(SyncError) as refused:
            sync(file(tmp_path, many(cut)), full=True)
        assert (refused.value.code, len(present())) == ("fewer", 200)
    with pytest.raises(CommandError, match="--accept-fewer"):
        call_command("sync_clients", "--full", "--source", str(file(tmp_path, many(3))))

    assert sync(file(tmp_path, many(160)), full=True).gone == 40
    assert sync(file(tmp_path, many(3)), full=True, accept_fewer=True).gone == 157
    assert len(present()) == 3


def test_an_empty_base_is_refused_whatever_anybody_says(tmp_path: Path) -> None:
    sync(file(tmp_path, many(2)), full=True)
    with pytest.raises(SyncError) as refused:
        sync(file(tmp_path, "id;nombre;telefono\n"), full=True, accept_fewer=True)
    assert (refused.value.code, len(present())) == ("empty", 2)


@pytest.mark.parametrize(
    ("region", "written", "kept"),
    [
        ("AR", "80.505", "80505.00"),
        ("MX", "80,505", "80505.00"),
        ("AR", "1.250.000", "1250000.00"),
        ("AR", "$ 80.505", "80505.00"),
        ("MX", "80 505", "80505.00"),
        ("AR", "80.505,5", "80505.50"),
        ("AR", "mucho", None),
    ],
)
def test_an_amount_is_read_by_the_region(region: str, written: str, kept: str | None, tmp_path: Path) -> None:
    report = sync(
        file(tmp_path, f"id;nombre;capacidad\n1;Ana;{written}\n2;Eva;5\n"), reading=Reading(region=region, tz=AR.tz)
    )

    capacity = Client.objects.get(external_id="1").capacity
    assert capacity == (None if kept is None else Decimal(kept))
    assert report.unreadable == (kept is None)


@pytest.mark.parametrize("written", ["3/4/2026", "03/04/26", "2026-04-03", "3 de abril de 2026"])
def test_a_date_is_read_as_people_write_it(written: str, tmp_path: Path) -> None:
    sync(file(tmp_path, f"id;nombre;fecha_alta;actualizado\n1;Ana;{written};1/2/2026 18:05\n2;Eva;;\n"), reading=AR)

    client = Client.objects.get(external_id="1")
    assert client.registered_on == dt.date(2026, 4, 3)
    assert client.external_updated_at == dt.datetime(2026, 2, 1, 21, 5, tzinfo=dt.UTC)


def test_one_date_out_of_range_stops_nobody(tmp_path: Path) -> None:
    rows = "1;Ana;2026-01-01\n2;Luis;infinity\n3;Eva;20026-03-15\n4;Noé;0000-00-00\n"

    report = sync(file(tmp_path, "id;nombre;fecha_alta\n" + rows))

    assert (report.new, report.unreadable) == (4, 3)
