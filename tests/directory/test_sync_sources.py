"""Where clients come from: databases that are opened so that they refuse to write, files, and what is said when
something about them is wrong."""

from __future__ import annotations

import decimal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.db.utils import DatabaseError, OperationalError

from leadmaster.directory.models import Client, ContactPoint
from leadmaster.directory.sync import SyncError, open_source
from leadmaster.directory.sync.connecting import connect, connect_sqlite
from leadmaster.directory.sync.mapping import Mapping, parse_mapping
from tests.directory.conftest import NOW, sync
from tests.directory.external import COLUMNS, ExternalBase

# --- Read only ------------------------------------------------------------------------------------------------------------

_WRITES = (
    "INSERT INTO clientes (id) VALUES (999)",
    "UPDATE clientes SET nombre = 'x'",
    "DELETE FROM clientes",
    "CREATE TABLE otra (id INTEGER)",
    "DROP TABLE clientes",
)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", _WRITES)
def test_sqlite_refuses_to_write(external: ExternalBase, statement: str) -> None:
    external.add(1)
    before = external.path.read_bytes()
    source = connect_sqlite(external.path)
    try:
        with source.cursor() as cursor, pytest.raises(OperationalError, match="readonly"):
            cursor.execute(statement)
        with source.cursor() as cursor:
            cursor.execute("PRAGMA query_only=OFF")
            with pytest.raises(OperationalError, match="readonly"):
                cursor.execute(statement)
    finally:
        source.close()
    assert external.path.read_bytes() == before


@pytest.mark.django_db
def test_a_synchronisation_leaves_the_file_as_it_was(external: ExternalBase) -> None:
    external.fill(50)
    before = external.path.read_bytes()
    external.path.chmod(0o444)
    external.path.parent.chmod(0o555)
    try:
        assert sync(external, full=True).new == 50
    finally:
        external.path.parent.chmod(0o755)
    assert external.path.read_bytes() == before
    assert [path.name for path in external.path.parent.iterdir() if path.name.startswith("external")] == [
        external.path.name
    ]


@pytest.fixture
def mysql_base(transactional_db: None, database_url: str) -> Iterator[str]:
    """Somebody's tables on the same server, and their address."""
    tables = (
        """CREATE TABLE clientes (
            id INT PRIMARY KEY, nombre VARCHAR(80), apellidos VARCHAR(80), rfc VARCHAR(20), convenio VARCHAR(40),
            estado VARCHAR(40), municipio VARCHAR(40), tipo_cliente VARCHAR(20), capacidad DECIMAL(12,2),
            fecha_alta DATE, actualizado DATETIME, KEY (actualizado, id)
        )""",
        """CREATE TABLE datos_contacto (
            id INT PRIMARY KEY AUTO_INCREMENT, cliente_id INT, tipo VARCHAR(20), valor VARCHAR(80), principal BOOL,
            KEY (cliente_id)
        )""",
    )
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(table)
    yield database_url
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE clientes, datos_contacto")


@pytest.mark.mariadb
@pytest.mark.parametrize("statement", _WRITES)
def test_mysql_refuses_to_write(mysql_base: str, statement: str) -> None:
    source = connect(mysql_base)
    try:
        with source.cursor() as cursor, pytest.raises(DatabaseError, match="READ ONLY"):
            cursor.execute(statement)
    finally:
        source.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM clientes")
        assert cursor.fetchone() == (0,)


@pytest.mark.mariadb
def test_a_mysql_base_is_followed(mysql_base: str) -> None:
    def run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    values = ", ".join(
        f"({n}, 'Paula', 'Muñoz', 'R{n}', 'IMSS', 'Jalisco', 'Zapopan', 'activo', {n}.5, '2026-01-15', "
        f"'2026-02-01 12:{n % 7:02}:00')"
        for n in range(1, 31)
    )
    run(f"INSERT INTO clientes VALUES {values}")
    run(
        "INSERT INTO datos_contacto (cliente_id, tipo, valor, principal) SELECT id, 'celular', 3310000000 + id, 1 FROM clientes"
    )
    report = sync(mysql_base, batch=4)
    assert (report.new, report.contacts, report.invalid_phones, report.unreadable) == (30, 30, 0, 0)
    client = Client.objects.get(external_id="30")
    assert (client.last_names, client.capacity, str(client.registered_on)) == (
        "Muñoz",
        decimal.Decimal("30.50"),
        "2026-01-15",
    )
    assert [point.normalised for point in client.contacts.all()] == ["+523310000030"]

    run("UPDATE clientes SET municipio = 'Tonalá', actualizado = '2026-02-05 12:00:00' WHERE id = 3")
    assert sync(mysql_base, batch=4).changed == 1
    run("DELETE FROM clientes WHERE id IN (5, 6)")
    assert sync(mysql_base, batch=4, full=True).gone == 2
    assert Client.objects.get(external_id="3").city == "Tonalá"


def test_ids_that_differ_only_in_case_are_two_clients(transactional_db: None, tmp_path: Path) -> None:
    path = _write(tmp_path / "clientes.csv", "id,nombre\nab1,Ana\nAB1,Luz\n")

    assert sync(path).new == 2

    assert set(Client.objects.values_list("external_id", flat=True)) == {"ab1", "AB1"}


# --- What is said when it is wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/x",
        "oracle://u:secreto@h/x",
        "mysql://",
        "mysql:///base",
        "postgres://u:secreto@h:puerto/x",
        "://x",
    ],
)
def test_an_address_that_is_none_says_what_to_write_and_no_password(address: str) -> None:
    with pytest.raises(SyncError, match="mysql://usuario:clave@servidor:3306/base") as refusal:
        connect(address)
    assert refusal.value.code == "address"
    assert "secreto" not in str(refusal.value)


@pytest.mark.django_db
def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(SyncError, match="No se pudo abrir la base de clientes") as refusal:
        connect("mysql://lector:secreto@127.0.0.1:1/clientes")
    assert refusal.value.code == "unreachable"
    assert "secreto" not in str(refusal.value)


def test_a_missing_driver_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SyncError, match=r"pip install 'psycopg\[binary\]'") as refusal:
        connect("postgres://lector:secreto@127.0.0.1:5432/clientes")
    assert refusal.value.code == "driver"


def test_no_address_at_all_names_the_variable() -> None:
    with pytest.raises(SyncError, match="CLIENTS_DATABASE_URL"), open_source("", Mapping()):
        pass


def test_a_file_that_is_not_there_or_no_database_is_said_so(tmp_path: Path) -> None:
    for address, code in (
        (f"sqlite:///{tmp_path}/nada.sqlite3", "no_file"),
        (str(tmp_path / "nada.db"), "no_file"),
        (str(tmp_path / "nada.csv"), "unreadable"),
    ):
        with pytest.raises(SyncError) as refusal, open_source(address, Mapping()):
            pass
        assert refusal.value.code == code
    text = tmp_path / "texto.sqlite3"
    text.write_text("hola")
    with pytest.raises(SyncError, match="no es una base de SQLite"), open_source(str(text), Mapping()):
        pass


@pytest.mark.django_db
def test_a_missing_table_is_named_with_the_place_to_map_it(external: ExternalBase) -> None:
    external.run("ALTER TABLE clientes RENAME TO customers")
    with pytest.raises(SyncError, match=r"“clientes”.*CLIENTS_MAPPING=clients=…") as refusal:
        sync(external)
    assert refusal.value.code == "missing_table"
    external.run("ALTER TABLE customers RENAME TO clientes")
    external.run("DROP TABLE datos_contacto")
    with pytest.raises(SyncError, match=r"“datos_contacto”.*CLIENTS_MAPPING=contacts=…"):
        sync(external)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "column", "field"),
    [
        ("clientes", "municipio", "city"),
        ("clientes", "actualizado", "updated_at"),
        ("datos_contacto", "valor", "contact_value"),
    ],
)
def test_a_missing_column_is_named_with_the_place_to_map_it(
    external: ExternalBase, table: str, column: str, field: str
) -> None:
    external.add(1)
    external.run(f"ALTER TABLE {table} RENAME COLUMN {column} TO otra")
    with pytest.raises(SyncError, match=f"“{column}”.*otra.*CLIENTS_MAPPING={field}=…") as refusal:
        sync(external)
    assert refusal.value.code == "missing_column"
    assert not Client.objects.exists()
    assert sync(external, mapping=parse_mapping(f"{field}=otra")).new == 1


@pytest.mark.django_db
def test_moments_that_have_no_order_are_refused_with_the_way_out(external: ExternalBase) -> None:
    external.add(1, actualizado="31/01/2026 10:00")
    with pytest.raises(SyncError, match=r"31/01/2026.*CLIENTS_MAPPING=updated_at="):
        sync(external)
    assert sync(external, mapping=parse_mapping("updated_at=")).new == 1


@pytest.mark.parametrize("text", ["ciudad=x", "city", "city=x, =y"])
def test_a_mapping_that_makes_no_sense_lists_what_there_is(text: str) -> None:
    with pytest.raises(SyncError, match="contact_value"):
        parse_mapping(text)


@pytest.mark.parametrize("text", ["external_id=", "clients="])
def test_without_an_id_or_a_table_there_is_no_mapping(text: str) -> None:
    with pytest.raises(SyncError, match="no puede quedar vacío"):
        parse_mapping(text)


def test_a_mapping_changes_only_what_it_names() -> None:
    found = parse_mapping(" city = town ,capacity=, contact_columns = telefono + correo ")
    assert (found.city, found.capacity, found.province) == ("town", "", "estado")
    assert found.contact_columns == ("telefono", "correo")
    assert parse_mapping("") == Mapping()


@pytest.mark.django_db
def test_names_with_signs_of_sql_are_only_names(external: ExternalBase) -> None:
    external.add(1)
    external.run("ALTER TABLE clientes RENAME COLUMN municipio TO \"100% de 'ciudad'; --\"")
    report = sync(external, mapping=Mapping(city="100% de 'ciudad'; --"))
    assert report.new == 1
    assert Client.objects.get().city == "Zapopan"


# --- Files ----------------------------------------------------------------------------------------------------------------


def _write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.django_db
def test_a_csv_is_a_client_base(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "clientes.csv",
        "ID;Nombre;Apellidos;Municipio;Capacidad;Fecha_Alta;Teléfono;Celular 2;Correo electrónico\r\n"
        "1;Óscar;Muñoz;Zapopan;80.505,22;31/01/2026;33 1122 3344;;OSCAR@example.com\r\n"
        ";Sin;Nadie;;;;3311223344;;\r\n"
        "2;Inés;Peña;Tonalá;mucha;2026-01-15;sin dato;521 33 5566 7788;\r\n"
        "\r\n"
        "1;Óscar;Muñoz Peña;Zapopan;80.505,22;31/01/2026;33 1122 3344;;OSCAR@example.com\r\n",
        encoding="cp1252",
    )
    report = sync(path)
    assert (report.read, report.new, report.invalid_phones, report.unreadable) == (2, 2, 1, 1)
    oscar, ines = Client.objects.order_by("external_id")
    assert (oscar.full_name, oscar.city, oscar.capacity) == ("Óscar Muñoz Peña", "Zapopan", decimal.Decimal("80505.22"))
    assert str(oscar.registered_on) == "2026-01-31"
    assert [point.normalised for point in oscar.contacts.all()] == ["+523311223344", "oscar@example.com"]
    assert ines.capacity is None
    assert [(point.normalised, point.raw) for point in ines.contacts.all()] == [
        ("+523355667788", "521 33 5566 7788"),
        ("", "sin dato"),
    ]


@pytest.mark.django_db
def test_a_csv_is_read_whole_each_time_and_says_who_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "clientes.csv"
    _write(path, "id,nombre,telefono,actualizado\n1,Ana,3311223344,2026-02-01\n2,Luz,3322334455,2026-02-02\n")
    assert sync(path).new == 2
    # The third is older than everything that was read before.
    _write(path, "id,nombre,telefono,actualizado\n1,Ana,3311223344,2026-02-01\n3,Sol,3333445566,2025-01-01\n")
    assert sync(path).new == 1
    report = sync(path, full=True)
    assert (report.gone, report.unchanged) == (1, 2)
    assert Client.objects.get(gone_at=NOW).external_id == "2"


@pytest.mark.django_db
def test_a_csv_and_the_database_speak_of_the_same_clients(tmp_path: Path, external: ExternalBase) -> None:
    external.fill(20)
    external.run("DELETE FROM datos_contacto")
    sync(external)
    with sqlite3.connect(external.path) as database:
        lines = [
            ",".join("" if value is None else str(value) for value in row)
            for row in database.execute("SELECT * FROM clientes")
        ]
    path = _write(tmp_path / "clientes.csv", "\n".join([",".join(COLUMNS), *lines]))
    report = sync(path, full=True)
    assert (report.new, report.gone, Client.objects.count()) == (0, 0, 20)


@pytest.mark.django_db
def test_a_csv_without_an_id_says_which_columns_it_has(tmp_path: Path) -> None:
    path = _write(tmp_path / "clientes.csv", "clave,nombre,telefono\nA-1,Ana,3311223344\n")
    with pytest.raises(SyncError, match=r"“id”.*clave, nombre, telefono.*CLIENTS_MAPPING=external_id=…"):
        sync(path)
    assert sync(path, mapping=parse_mapping("external_id=Clave")).new == 1
    assert Client.objects.get().external_id == "A-1"
    assert ContactPoint.objects.get().normalised == "+523311223344"


@pytest.mark.django_db
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "clientes.csv"
    path.write_bytes(b"%PDF-1.7 ...")
    with pytest.raises(SyncError, match="Es un PDF"):
        sync(path)
