"""What the columns of a file are taken for."""

from __future__ import annotations

import io

import pytest

from campaigns.audience import AudienceError, ColumnMapping, FilePreview, inspect
from campaigns.audience.mapping import fields_of, guess
from tests.lib.tables.spreadsheets import csv_bytes

PHONE = "351 274-3915"


def look(*rows: list[str], region: str = "AR") -> FilePreview:
    return inspect(io.BytesIO(csv_bytes(rows)), region=region)


@pytest.mark.parametrize(
    "header",
    [
        "telefono", "Teléfono", "TELEFONO 1", "Celular", "Cel.", "Móvil", "WhatsApp", "wsp", "phone", "Phone Number",
        "Tel", "Número", "Nro. de contacto", "telefono_wapp", "Teléfono del cliente", "Telefone", "Número de teléfono",
    ],
)  # fmt: skip
def test_headers_of_phones_are_known(header: str) -> None:
    found = look(["Zona", header, "Nombre"], ["Norte", "s/n", "Ana"], ["Sur", PHONE, "Bea"])
    assert found.guess == ColumnMapping(phone=1, name=2, header_row=1)


@pytest.mark.parametrize(
    "header",
    [
        "nombre",
        "Nombre y Apellido",
        "NAME",
        "Cliente",
        "nombre_destino",
        "Razón social",
        "Destinatario",
        "Titular",
        "Nome",
    ],
)
def test_headers_of_names_are_known(header: str) -> None:
    found = look(["teléfono", "saldo", header], [PHONE, "10", "Ana"])
    assert found.guess == ColumnMapping(phone=0, name=2, header_row=1)


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (["Order ID", "Billing First Name", "Billing Last Name", "Billing Phone"], 1),
        (["First Name", "Middle Name", "Last Name", "Name Prefix", "Nickname", "File As", "Phone 1 - Value"], 0),
        (["Apellido y Nombres", "Celular"], 0),
        (["Apellidos", "Nombre(s)", "Celular"], 1),
        (["Código", "Nome do cliente", "Celular"], 1),
        (["Company Name", "Customer Name", "Phone"], 1),
        (["Nombre de usuario", "Nombre del titular", "Teléfono"], 1),
        (["Nombre de la sucursal", "Nombre del producto", "Teléfono"], None),
        (["Razón social", "Nombre de contacto", "Teléfono"], 1),
        (["Apellido/s y Nombre/s", "Tel. móvil"], 0),
        (["Nombre del archivo", "Denominación", "Teléfono"], 1),
        (["Contact Name", "Name", "Phone"], 1),
    ],
)
def test_the_usual_headers_of_exports_are_known(headers: list[str], name: int | None) -> None:
    phone = len(headers) - 1
    found = look(headers, *([*["Ana"] * phone, f"351 274-39{n}"] for n in (15, 16)))
    assert found.guess == ColumnMapping(phone=phone, name=name, header_row=1)


def test_numbers_of_orders_are_no_names() -> None:
    """Shopify calls its orders `Name`."""
    found = look(["Name", "Billing Name", "Phone"], ["#1001", "Ana", PHONE], ["#1002", "Bea", "351 274-3916"])
    assert found.guess == ColumnMapping(phone=2, name=1, header_row=1)


def test_the_column_that_serves_most_rows_is_the_phones() -> None:
    rows = [[f"P{n}", f"351 27440{n:02}", f"351 28440{n:02}" if n % 20 == 0 else ""] for n in range(40)]
    rows[7][1] = "no tiene"
    for headers in (
        ["Nombre", "Celular", "Celular 2"],
        ["Nombre", "Teléfono", "WhatsApp"],
        ["Nombre", "Fijo", "Móvil"],
    ):
        assert look(headers, *rows).guess == ColumnMapping(phone=1, name=0, header_row=1)


def test_a_title_that_speaks_of_phones_is_not_the_header() -> None:
    for title in (["Listado de celulares"], ["Reporte", "Tel", "interno"], ["Celulares", "", ""]):
        found = look(title, ["Cliente", "Celular"], ["Ana", PHONE], ["Bea", "351 274-3916"])
        assert found.guess == ColumnMapping(phone=1, name=0, header_row=2)


def test_a_whatsapp_column_is_preferred_to_a_land_line() -> None:
    found = look(["Teléfono", "WhatsApp", "Nombre"], ["351 4223344", PHONE, "Ana"], ["", PHONE, "Bea"])
    assert found.guess is not None
    assert found.guess.phone == 1


def test_a_column_that_only_claims_to_be_phones_loses_to_one_that_has_them() -> None:
    found = look(["Número", "Dato 2", "Cliente"], ["1", PHONE, "Ana"], ["2", PHONE, "Bea"])
    assert found.guess == ColumnMapping(phone=1, name=2, header_row=1)


@pytest.mark.parametrize(
    "header",
    [
        "Número de documento", "DNI", "CUIT", "Nro. cliente", "CPF", "Número de factura", "Nro Socio", "Number of employees",
        "Transaction number", "Número de empleados", "Nº de operación", "Account number", "N° de afiliado", "Order Number",
        "Fax", "Tipo de celular", "Número da conta", "Cantidad de contactos",
    ],
)  # fmt: skip
def test_other_numbers_are_not_taken_for_phones(header: str) -> None:
    found = look([header, "Nombre"], ["3512743915", "Ana"])
    assert found.guess is None


def test_a_file_without_a_header_starts_with_its_first_row() -> None:
    found = look(["Ana Paz", PHONE, "10"], ["Bea Ruiz", "351 274-3916", "20"])
    assert found.guess == ColumnMapping(phone=1, name=0, header_row=None)
    assert found.headers == ("Columna 1", "Columna 2", "Columna 3")
    assert found.sample[0][0] == "Ana Paz"


def test_a_bad_first_row_of_a_file_without_a_header_is_still_data() -> None:
    found = look(["123", "Ana"], [PHONE, "Bea"], ["351 274-3916", "Eva"])
    assert found.guess is not None
    assert found.guess.header_row is None


def test_a_title_above_the_header_is_not_the_header() -> None:
    found = look(["Listado de clientes"], [], ["Cliente", "Celular"], ["Ana", PHONE])
    assert found.guess == ColumnMapping(phone=1, name=0, header_row=3)
    assert found.headers == ("Cliente", "Celular")
    assert found.sample == (("Ana", PHONE),)


def test_unknown_headers_are_still_headers_when_phones_stand_below() -> None:
    found = look(["Dato", "Quién"], [PHONE, "Ana"], ["351 274-3916", "Bea"])
    assert found.guess == ColumnMapping(phone=0, name=None, header_row=1)


def test_no_column_of_phones_is_no_guess() -> None:
    found = look(["Nombre", "Ciudad"], ["Ana", "Córdoba"])
    assert found.guess is None
    assert found.headers == ("Nombre", "Ciudad")


def test_the_region_decides_what_is_a_phone() -> None:
    rows = [["a", "b"], ["55 1234 5678", "x"], ["33 1234 5678", "y"]]
    assert guess(rows, region="MX") == ColumnMapping(phone=0, name=None, header_row=1)
    assert guess(rows, region="AR") is None


def test_every_column_has_a_placeholder_of_its_own() -> None:
    assert fields_of(["Saldo", "SALDO ($)", "", "¿?", "Fecha de Alta"]) == [
        "saldo", "saldo_2", "columna_3", "columna_4", "fecha_de_alta"
    ]  # fmt: skip


def test_a_mapping_survives_its_json() -> None:
    mapping = ColumnMapping(phone=3, name=None, header_row=None)
    assert ColumnMapping.from_json(mapping.as_json()) == mapping


@pytest.mark.parametrize(
    "data",
    [{}, {"phone": None}, {"phone": "1"}, {"phone": 1, "name": "x"}, {"phone": True}, {"phone": 1, "header_row": 1.5}],
)
def test_a_mapping_from_elsewhere_is_checked(data: dict[str, object]) -> None:
    with pytest.raises(AudienceError) as refused:
        ColumnMapping.from_json(data)
    assert refused.value.code == "mapping"


@pytest.mark.parametrize("mapping", [ColumnMapping(phone=2), ColumnMapping(phone=-1), ColumnMapping(phone=0, name=9)])
def test_a_mapping_onto_columns_that_are_not_there_is_refused(mapping: ColumnMapping) -> None:
    with pytest.raises(AudienceError, match="2 columnas"):
        mapping.check(width=2)
